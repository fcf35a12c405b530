# 標本の色分けと判定に使う列。
columns-top = 最上位のカテゴリ
columns-level = カテゴリ（{ $level } 階層まで）
columns-category = カテゴリ
columns-cluster = クラスタ
columns-labels = ラベル
columns-noise = ノイズ
columns-judge = 判定の基準
columns-judge-help = カテゴリは標本が入っているフォルダです。ファイルからは独自のラベルを読み込めます。
columns-labels-file = ファイルのラベル（CSV: specimen_id,label）
columns-labels-file-help = UTF-8、UTF-16、Shift-JIS。区切りはカンマ、セミコロン、タブ。IDは入力フォルダからの相対パスで、拡張子は付けません。
columns-labels-file-choice = ファイルのラベル
columns-labels-missing = ラベルのファイルを選んでください。
