# 検索画面。
search-back = 戻る
search-back-help = 前の標本に戻ります
search-specimen = 標本
search-specimen-hint = IDの一部を入力 …
search-begin = 標本を選んでください。上にIDの一部を入力するか、下の画像をクリックします。
search-one-each = 各カテゴリから1点
search-file = ファイルで検索 …
search-file-help = メッシュ、点群、写真1枚、または同じ標本の写真数枚。このランと同じ設定で処理します。ファイルはこのパソコンの外に出ず、コレクションにも追加されません。
search-file-choose = ファイル
search-file-wait = レンダリングと特徴量の抽出中 …
search-with-file = ファイル { $name } で検索しています。
search-close-file = 閉じる
search-wait = 検索中 …
search-count = 近傍の数
search-count-help = 似ている標本を何点表示するか。
search-compare = 比べ方
search-compare-help = 全体：標本ごとに1つの埋め込みで比べます。視点ごと：上位の候補を画像の組どうしで比べ直し、一致する部分を見つけます（時間がかかります）。回転：全視点をまとめて最もよく合う向きに回してから比べます。
search-whole = 全体
search-view-by-view = 視点ごと
search-aligned = 回転
search-more = 詳細
search-metric = 距離
search-metric-help = コサイン距離は 1 − 類似度で、0 は特徴空間で同じ方向を意味します。異なるランの距離は比較できません。
search-expand = 最近傍も加えて検索
search-expand-help = クエリ拡張（Chum et al. 2007）：最も近い3点を問い合わせに加えます。同じ群が多く見つかりますが、誤った近傍があるとそれに引きずられます。
search-regroup = 群をまとめて探す
search-regroup-help = k相互近傍による再順位付け（Zhong et al. 2017、視点ごとのみ）：近傍を共有する候補を近づけます。群の仲間が増える一方、最近傍が悪くなることもあります。
search-mirror = 鏡像も対象
search-mirror-help = 左の骨から右の骨を見つけます。視点ごとの比較でのみ使え、問い合わせの標本をもう一度レンダリングします。
search-filters = 絞り込み
search-filters-help = 見つける対象を限ります。検索の前に絞り込むので、指定した数の近傍が得られます。
search-category = カテゴリ
search-all = すべて
search-elsewhere = 同じカテゴリを除く
search-elsewhere-help = ほかに似ているものは？
search-limit = 距離の上限を設ける
search-limit-help = 表示数が減っても、遠いものは除きます。
search-farthest = 距離の上限
search-columns = その他の列
search-columns-help = メタデータ、クラスタ、タグ、ファイルの情報。
search-no-value = （値なし）
search-within-selection = 選択中の標本だけ（{ $count }）
search-within-help = サイドバーで選択されている標本の中から探します。
search-only-in = { $category } のみ
search-elsewhere-only = 同じカテゴリを除く
search-among = 標本 { $count } 点の中から
search-up-to = 距離 { $distance } まで
search-several = 複数で検索
search-several-help = 選択した標本すべてで検索します。「これらに似て、あれらに似ていない」ものを探せます。標本はどの画面でもチェックして選択できます。
search-several-empty = 何も選択されていません。まず画像にチェックを入れてください。
search-several-no-file = 外部のファイルは単独で検索します。選択中の標本で検索するには、ファイルを閉じてください。
search-several-use = 手元の標本と選択中の { $count } 点で検索
search-unlike = これらに似ていない
search-unlike-help = その方向を半分の強さで差し引きます（Rocchio 1971）。
search-combine = 近さの基準
search-combine-help = 平均は共通点を、いずれかは少なくとも1点に近いものを探します。
search-combine-mean = 全体の平均
search-combine-any = いずれか
search-asked-by = 標本 { $like } 点で検索{ $unlike ->
    [0] しました。
   *[other] し、{ $unlike } 点から遠ざけました。
}
search-most-similar = 最も似ている { $count } 点
search-nobody = 該当する標本がありません。絞り込みを減らすか、距離の上限を上げてください。
search-nearest = 近傍の標本
search-compare-3d = 3Dで比較
search-shown-3d = 3Dで表示中
search-click = 画像をクリックすると、その標本で検索します。
search-by-pooled = 埋め込みの{ $metric ->
    [cosine] コサイン距離
    [euclidean] ユークリッド距離
   *[inner_product] 内積
}
search-by-maxsim = 視点のMaxSim距離、半白色化 { $axes } 軸
search-by-chamfer = 視点のChamfer距離、半白色化 { $axes } 軸
search-by-aligned = 最もよく合う回転後の視点の距離、半白色化 { $axes } 軸
search-select-all = これらを選択
search-no-3d = ファイルがない標本や写真の標本は3Dで表示できません。
search-turn = ドラッグで両方が回り、ホイールで拡大します。大きさは揃えてあり、実寸はスケールバーで分かります。
search-form-title = 形の違い
search-form-help = 近傍を問い合わせ標本の大きさに合わせて重ね、2つの表面の距離を測ります。1点につき数秒かかります。
search-form-one = 重ねる
search-form-all = { $count } 点すべて重ねる
search-form-mirror = 鏡像も試す
search-form-no-file = 問い合わせ標本のファイルがないか、写真です。
search-form-empty = まだ測定していません。
search-form-wait = 標本を重ねています …
search-form-wait-for = { $name } を重ねています …
search-form-neighbour = 近傍
search-form-rms = RMS距離
search-form-hausdorff = ハウスドルフ距離
search-form-scale = 拡大率
search-form-outcome = 結果
search-form-laid-on = 重なりました
search-form-mirrored = 鏡像で重なりました
search-form-failed = 重なりませんでした：表面の { $share } % だけが一致
search-form-gone = ファイルがありません
search-form-units = 距離は { $name } のファイルの単位です。近傍はその大きさに合わせてあります。
search-form-in-viewer = どこが違うかを見るには、3D表示の色で近傍との距離を選びます。
search-why = なぜ似ているのか
search-why-help = 最もよく似た視点の組を示します。
search-why-show = 画像に重ねる表示
search-why-views = なし
search-why-where = 効いている部分
search-why-patches = 似ている部分
search-why-attention = ネットワークの注目箇所
search-why-wait = 両方の視点を調べています …
search-why-gone = 視点の画像は、両方のファイルがあるときだけ描けます。
search-why-pairs = 最もよく合う視点の組。上が問い合わせ標本、間の数値は特徴量のコサイン類似度です。
search-why-views-help = { "" }
search-why-where-help = 黄色：その部分を隠すと類似度が最も下がります（Zeiler & Fergus 2014）。
search-why-patches-help = 黄色：もう一方の視点に対応する部分があります（パッチまたは特徴マップのセル、Amir et al. 2021）。
search-why-attention-help = 黄色：クラストークンが最も注目する部分です（Caron et al. 2021）。クラストークンがない場合は活性の強い部分です。
search-why-png = PNGをダウンロード
search-faces = 面 { $count }
search-points = 点 { $count }
search-facts = { $kind ->
    [mesh] メッシュ
    [photographs] 写真
   *[other] 点群
}、{ $parts }、ファイル単位で { $size }
