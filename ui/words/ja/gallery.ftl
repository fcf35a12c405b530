# 標本の画像カード。
gallery-tick = 選択
gallery-open = 標本を開く
gallery-missing = 画像なし
