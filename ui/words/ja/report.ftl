# ランのレポート。
report-title = レポート
report-about = コレクション、設定、マップ、クラスタ、評価、引用文献をまとめたページと、すべての表（CSV）のZIPです。論文の補足資料に使えます。この画面の言語で作られます。
report-make = 作成
report-making = レポートを書いています…
report-download = ダウンロード
report-made = { $date } に作成。
