# ジョブ：進み具合、残り時間、終わり方。
jobs-at-work = { $kind ->
    [report] ラン「{ $run }」のレポート
    [robustness] ラン「{ $run }」の頑健性の測定
   *[run] ラン「{ $run }」
}
jobs-at-work-short = { $kind ->
    [report] ラン「{ $run }」のレポートを作成中
    [robustness] ラン「{ $run }」の頑健性を測定中
   *[run] ラン「{ $run }」を実行中
}
jobs-left = 残り約 { $time }
jobs-estimating = 残り時間を見積もっています
jobs-seconds = { $count } 秒
jobs-minutes = { $count } 分
jobs-hours = { $count } 時間
jobs-cancel = 中止
jobs-cancel-help = { $kind ->
    [report] 以前のレポートは残ります。
    [robustness] ここまでの測定は破棄されます。以前の結果は残ります。
   *[run] 終わった分は残り、あとで続きから再開できます。
}
jobs-loading = バックボーンを読み込んでいます…
jobs-close-browser = ブラウザーを閉じても、処理は続きます。
jobs-log = ログ
jobs-no-log = ログはありません。
jobs-download-log = ログをダウンロード
jobs-stage = { $label }：{ $done }
jobs-stage-of = { $label }：{ $done } / { $total }
jobs-rate = 毎秒 { $rate }
jobs-rate-minute = 毎分 { $rate }
jobs-stage-checking = 確認
jobs-stage-rendering = レンダリング
jobs-stage-features = 特徴量
jobs-stage-pooling = プーリング
jobs-stage-neighbours = 近傍
jobs-stage-clusters = クラスタ
jobs-stage-evaluation = 評価
jobs-stage-robustness = 試した標本
jobs-stage-report = レポートの手順
jobs-queue = 順番待ちのジョブ：{ $count } 件
jobs-first = 次にする
jobs-remove = 取り消す
jobs-done = { $kind ->
    [report] ラン「{ $run }」のレポートができました（{ $time }）。
    [robustness] ラン「{ $run }」の頑健性の測定が終わりました（{ $time }）。
   *[run] ラン「{ $run }」が終わりました（{ $time }）。
}
jobs-done-some = ラン「{ $run }」が終わりました（{ $time }）。使えなかった標本があります。
jobs-cancelled = { $kind ->
    [report] ラン「{ $run }」のレポートの作成は中止されました。
    [robustness] ラン「{ $run }」の頑健性の測定は中止されました。
   *[run] ラン「{ $run }」は中止されました。
}
jobs-stopped = { $kind ->
    [report] ラン「{ $run }」のレポートの作成は { $time } で止まりました。
    [robustness] ラン「{ $run }」の頑健性の測定は { $time } で止まりました。
   *[run] ラン「{ $run }」は { $time } で止まりました。
}
jobs-resume = { $kind ->
    [report] もう一度始める
    [robustness] もう一度始める
   *[run] 続きから再開
}
jobs-kept = { $kind ->
    [report] 最初から作成します。
    [robustness] 最初から測定します。
   *[run] 終わった分は残っており、やり直しません。
}
jobs-toast-done = { $kind ->
    [report] ラン「{ $run }」のレポートができました。
    [robustness] ラン「{ $run }」の頑健性の測定が終わりました。
   *[run] ラン「{ $run }」が終わりました。
}
jobs-toast-cancelled = { $kind ->
    [report] ラン「{ $run }」のレポートの作成は中止されました。
    [robustness] ラン「{ $run }」の頑健性の測定は中止されました。
   *[run] ラン「{ $run }」は中止されました。
}
jobs-toast-stopped = { $kind ->
    [report] ラン「{ $run }」のレポートの作成が止まりました。
    [robustness] ラン「{ $run }」の頑健性の測定が止まりました。
   *[run] ラン「{ $run }」が止まりました。
}
jobs-notify = 終わったらデスクトップに通知する
jobs-notify-on = デスクトップに通知します。
