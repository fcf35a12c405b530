# 複数の画面で使う言葉。
common-specimens = 標本 { $count } 点
common-download-csv = CSVをダウンロード
common-find-similar = 似た標本を探す
