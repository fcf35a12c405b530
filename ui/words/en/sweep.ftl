# The screen Sweep.
sweep-title = Sweep
sweep-what = Many cluster settings are tried and ranked. What they share (PCA, distances, trees) is computed once; each gives the same clusters as it would alone.
sweep-new = New sweep
sweep-try-pca = PCA dimensions, or share of the variance
sweep-try-min-cluster-size = Smallest cluster
sweep-try-min-samples = Min. samples
sweep-try-cluster-selection-method = Which groups
sweep-try-cluster-selection-epsilon = Merge below distance
sweep-try-umap = UMAP before clustering
sweep-random = Only so many, at random
sweep-random-help = 0 tries every combination.
sweep-resamples = Samples for stability
sweep-resamples-help = Every setting is clustered again on samples of 80 % of the specimens; stability is the mean adjusted Rand index with them. Each sample takes as long as the sweep itself. 0 leaves it out.
sweep-labels = Compare with categories
sweep-labels-help = Adds ARI, NMI and purity as columns. Labels judge; they do not choose.
sweep-count = { $count ->
    [one] { $count } setting
   *[other] { $count } settings
}
sweep-start = Start the sweep
sweep-running = The sweep is at work; you can go on elsewhere.
sweep-cancel = Cancel
sweep-failed = The last sweep ended without a result. It said: { $said }
sweep-best = **The best of { $count } settings**: score { $score }, { $clusters } clusters, { $noise } noise.
sweep-open-best = Open the best
sweep-config-help = Runs as it is: python -m core cluster --config best_config.yaml
sweep-weights-help = The score is the weighted mean of these parts, each from 0 to 1. Move a weight and the ranking follows at once.
sweep-part-coverage = Coverage
sweep-part-coverage-help = 1 − the share of noise.
sweep-part-strength = Strength
sweep-part-strength-help = Mean membership strength of the specimens in clusters.
sweep-part-balance = Balance
sweep-part-balance-help = How evenly specimens are spread over clusters (entropy over its most possible).
sweep-part-number = Number
sweep-part-number-help = 1 at √(n/2) clusters, 0 at a tenth or tenfold of it.
sweep-part-stability = Stability
sweep-part-stability-help = Mean adjusted Rand index with clusterings of samples of 80 %. Only where the sweep measured it.
sweep-across = Across
sweep-down = Down
sweep-value = Colour
sweep-heat-help = The best setting for every pair. Click a square to open its clustering on the screen Clusters.
sweep-parallel-how = What the mouse does on the lines below
sweep-parallel-open = Click opens
sweep-parallel-brush = Drag keeps a part
sweep-parallel-help = A line a setting. A click on a point opens its clustering. Or drag over a part of an axis to keep only the settings through it, and over a part of another to keep fewer.
sweep-brushed = { $count ->
    [one] **{ $count } of { $all } settings** passes through that part.
   *[other] **{ $count } of { $all } settings** pass through that part.
}
sweep-open-brushed = Open the best of them
sweep-show-all = Show all settings
sweep-table-help = All settings, the best first. Choose a row to open its clustering.
sweep-no = no
sweep-yes = yes
