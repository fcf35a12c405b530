# フォルダの監視。
watch-title = このフォルダの新しいファイル
watch-help = ブラウザーを閉じていても、数秒ごとにフォルダを見ます。書き込みが終わったファイルだけを取り込みます。ラン「{ $run }」に加えます。
watch-mode-off = 監視しない
watch-mode-offer = 知らせる
watch-mode-run = 自動で取り込む
watch-elsewhere = 監視中：{ $folder }。変更するにはそのフォルダを選んでください。
watch-looking = { $folder } を監視しています（{ $time } に確認）。
watch-new = { $folder } に新しい標本が { $count } 点あります
watch-more = ほか { $count } 点
watch-take = ラン「{ $run }」に取り込む
