# 図の言葉。
charts-noise = ノイズ
charts-cluster = クラスタ
charts-specimens = 標本数
charts-component = 主成分
charts-cumulative = 累積
charts-share = 分散の割合
charts-cut = 採用：{ $kept }
charts-distance = 距離
charts-save = この図を保存
charts-tree-across = 標本（横に並べて）
charts-branch-hover = 標本 %{"{"}customdata[1]{"}"} 点、距離 %{"{"}customdata[2]:.3f{"}"} から %{"{"}customdata[3]:.3f{"}"}
charts-joint-hover = 標本 %{"{"}customdata[1]{"}"} 点、距離 %{"{"}y:.3f{"}"} で結合
