# ランのレポート。
report-title = レポート
report-about = コレクション、設定、マップ、クラスタ、評価、引用文献をまとめたページと、すべての表（CSV）のZIPです。論文の補足資料に使えます。この画面の言語で作られます。
report-make = 作成
report-download = ダウンロード
report-made = { $date } に作成。
report-labels = グループ分けと評価の基準
report-labels-help = クラスタをこのラベルと比べ、近傍をこのラベルで評価します。フォルダー（カテゴリー）またはメタデータの任意の列を選べます。
report-cancelled = 前回のレポート作成は中止されました。
report-failed = 前回のレポートは作成できませんでした。
report-going = 作成しています。ほかの作業を続けられます。
