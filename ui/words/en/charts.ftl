# Words on plots.
charts-noise = noise
charts-cluster = cluster
charts-specimens = specimens
charts-component = component
charts-cumulative = cumulative
charts-share = share of the variance
charts-cut = cut: { $kept }
charts-distance = distance
charts-save = save this plot
charts-tree-across = specimens, side by side
charts-branch-hover = %{"{"}customdata[1]{"}"} specimens, from %{"{"}customdata[2]:.3f{"}"} to %{"{"}customdata[3]:.3f{"}"}
charts-joint-hover = %{"{"}customdata[1]{"}"} specimens, joined at %{"{"}y:.3f{"}"}
