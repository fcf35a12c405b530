# 標本の取り込み。
bring-where = 標本はどこにありますか
bring-where-help = ファイルは読み取るだけで、変更しません。データがこのコンピューターの外に出ることはありません。
bring-kind-folder = このコンピューターのフォルダ
bring-kind-upload = ファイルをアップロード
bring-kind-samples = サンプル標本
bring-folder = フォルダ
bring-folder-help = .ply .obj .stl .off .glb .gltf ファイル(.ply.gz も可)、または写真のフォルダを含むフォルダ。下位フォルダがカテゴリになります。
bring-recent = 最近使ったもの：
bring-browse = フォルダを見て選ぶ
bring-up = 上へ
bring-no-folders = この中にフォルダはありません。
bring-find-folder = フォルダを探す
bring-more-folders = ほかに { $count } 個のフォルダがあります。名前で探してください。
bring-links-left-out = 閲覧を許された範囲の外に出るリンクが { $count } 個あり、表示していません。
bring-count = { $count ->
    [0] 空
   *[other] 標本 { $count } 点
}
bring-count-least = { $count } 点以上
bring-found = 標本が { $count } 点見つかりました。
bring-found-photographs = そのうち { $count } 点は写真のフォルダです。
bring-samples-about = ラウプの巻きモデルからこのプログラムが作る、アンモナイト類、巻貝、二枚貝、サンゴなどの人工標本です。実際のスキャンと同じように、壊れたものや点群も含まれます。
bring-samples-make = サンプル標本を112点作る
bring-samples-making = 殻を成長させています…10秒ほどかかります。
bring-category = カテゴリ
bring-category-help = ファイルを入れるワークスペース内のフォルダ（例：Molars/Tarsius）。ZIPの中のフォルダはその下に置かれます。
bring-files = メッシュ、点群、写真、またはそれらのZIP
bring-files-help = ZIPの中のフォルダはカテゴリになります。すでにあるファイルは上書きされません。
bring-photographed = 写真に写っている標本
bring-photographed-help = これらの画像は、この名前の1つの標本のビューとして扱われます。複数の標本の場合は、標本ごとにフォルダを分けたZIPを送ってください。
bring-add = { $count } 個のファイルをワークスペースに追加
bring-added = { $count } 個のファイルを { $folder } に追加しました。
bring-unchanged = { $count } 個のファイルは同じ内容のものがすでにありました。
bring-refused = { $count } 個のファイルは追加しませんでした：
bring-refused-more = ほか { $count } 個
bring-others = ZIPの中の別の種類のファイル { $count } 個は取り込みませんでした。
