# The screen Clusters.
clusters-title = Clusters
clusters-working = Clustering …
clusters-settings = Settings
clusters-pca = PCA dimensions
clusters-pca-help = Principal components kept first; 0 keeps everything.
clusters-size = Smallest cluster
clusters-size-help = A group of fewer specimens is no cluster. Smaller finds finer groups.
clusters-samples = Min. samples
clusters-samples-help = How dense the surroundings of a specimen must be: the distance to this many-th other specimen counts, as in hdbscan (scikit-learn counts the specimen itself: one more). Higher leaves more noise.
clusters-selection = Which groups
clusters-selection-help = leaf: the finest groups. eom: the most persistent ones.
clusters-more = More settings
clusters-method = Method
clusters-method-help = hdbscan finds groups by density and leaves noise. -recursive looks again into clusters that are far too large, -branches parts clusters with arms. kmeans, gmm and agglomerative make groups without noise and choose their number.
clusters-epsilon = Merge below distance
clusters-epsilon-help = Groups that part below this distance stay together; for a cosine distance c it is √(2c).
clusters-umap = UMAP before clustering
clusters-umap-help = Often less noise; takes longer, groups become rounder.
clusters-umap-dimensions = UMAP dimensions
clusters-umap-neighbours = UMAP neighbours
clusters-cosine = Specimens are compared by cosine: embeddings are given length 1 and compared by Euclidean distance, which orders pairs the same way.
clusters-number = Clusters
clusters-noise = Noise
clusters-noise-share-help = Share of specimens that belong to no cluster.
clusters-inside = Specimens in clusters
clusters-mean-strength = Mean membership
clusters-mean-strength-help = HDBSCAN's membership strength; not a probability.
clusters-keep = Keep in the run
clusters-run-keeps = The run keeps other clusters: { $count }, { $noise } noise. Map, Evaluate and filters go by those.
clusters-run-keeps-show = Show them here
clusters-keep-help = Map and Specimens then colour and filter by these clusters.
clusters-kept = Kept: clusters.csv, summary.json and pca_report.csv in the run's results.
clusters-step-change = Before: { $before } clusters, { $noise } noise. Now: { $now } clusters, { $left } noise.
clusters-undo = Undo
clusters-try-next = To try next:
clusters-try = Try it
clusters-newcomer = { $name } would join: { $where } (strength { $strength }); its nearest in a cluster is { $nearest }. An approximation: the clustering does not change by it.
clusters-view = What is shown
clusters-view-groups = Groups
clusters-view-noise = Noise
clusters-view-soft = Soft membership
clusters-view-trees = Trees
clusters-view-components = Components
clusters-view-agreement = Labels
clusters-view-misfits = Possibly misfiled
clusters-one = Cluster { $number }
clusters-none = There is no cluster with these settings. Try a smaller smallest cluster, or the steps above.
clusters-selected = { $count ->
    [one] The { $count } selected specimen is in
   *[other] The { $count } selected specimens are in
}
clusters-page = Page ({ $count } clusters, { $shown } a page)
clusters-group = Cluster { $number } · { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
}
clusters-select-all = Select all
clusters-show-all = Show all
clusters-more-categories = { $count ->
    [one] {" "}and { $count } more category
   *[other] {" "}and { $count } more categories
}
clusters-strength = mean membership { $value }
clusters-persistence = {" "}· persistence { $value }
clusters-first-shown = The first { $shown } of { $count }.
clusters-medoid = medoid
clusters-typical = typical
clusters-borderline = borderline
clusters-validity = Silhouette { $silhouette } (−1 to 1) · DBCV { $dbcv } (−1 to 1, for clusters by density)
clusters-no-noise = No specimen is noise.
clusters-nearest-one = near { $name }
clusters-noise-title = Noise · { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
}
clusters-noise-help = Nearest to a cluster first. The number is the distance to the nearest specimen in that cluster.
clusters-members-csv = Members and outlier scores (CSV)
clusters-soft-help = How much a specimen belongs to each cluster, by how near it is to the strongest members; all shares add up to 1. Not a probability.
clusters-soft-choose = Take a specimen in hand to see its shares: click a picture or a point on the map.
clusters-column-cluster = cluster
clusters-column-share = share
clusters-column-its-own = its own
clusters-no-tree = These settings grow no tree: it takes hdbscan and enough specimens that differ.
clusters-tree = Tree
clusters-tree-condensed = Condensed
clusters-tree-linkage = Single linkage
clusters-condensed-help = Every bar is a group, as wide as it has specimens: it parts from others at its upper end and falls apart at its lower one. Coloured bars are the clusters. Click a bar to select its specimens on all screens.
clusters-linkage-help = Groups join at the height of their distance. Blue: joints; yellow: groups whose inside is not drawn. Click one to select the specimens below.
clusters-settings-line = { $run } · { $settings }
clusters-branch = Selected: { $count }
clusters-branch-label = Selected specimens
clusters-no-pca = No PCA with these settings: set PCA dimensions above 0.
clusters-pca-cut = The dashed line is the cut: { $kept } components keep { $share } of the variance.
clusters-pca-csv = PCA report (CSV)
clusters-component = Component
clusters-component-help = What the specimens at both ends differ in is what this component measures.
clusters-lowest = Lowest values
clusters-highest = Highest values
clusters-ari = ARI
clusters-ari-help = Adjusted Rand index: pairs kept together or apart alike; 0 by chance, 1 at best.
clusters-nmi = NMI
clusters-nmi-help = Normalised mutual information, 0 to 1.
clusters-ami = AMI
clusters-ami-help = Mutual information adjusted for chance; 0 by chance, 1 at best.
clusters-purity = Purity
clusters-purity-help = Share of specimens in clusters whose label is the commonest of their cluster. Noise is left out.
clusters-homogeneity = Homogeneity
clusters-homogeneity-help = Whether clusters hold one label each.
clusters-completeness = Completeness
clusters-completeness-help = Whether labels lie in one cluster each.
clusters-agreement-note = { $count } labelled specimens; labels: { $source }. Labels judge here; they choose nothing.
clusters-table-help = Clusters and labels. Click a cell or the box of a row to select its specimens on all screens.
clusters-no-misfits = No specimen contradicts its label.
clusters-misfits-help = { $count ->
    [one] { $count } specimen lies among others of another label
   *[other] { $count } specimens lie among others of another label
}, by cluster or by nearest neighbours; the strongest evidence first. They may be misfiled, damaged, or simply odd: this says where to look.
clusters-misfit = { $label }, like { $like }
clusters-much-noise = { $noise } of the { $count } specimens are noise: they lie in no region dense enough for a cluster with these settings. That can be true of a collection; it can also be the settings.
clusters-no-groups = No groups stand out among the { $count } specimens with these settings ({ $noise } noise).
clusters-step-fewer-samples = Lower min. samples: surroundings then count as dense sooner.
clusters-step-smaller-clusters = Lower the smallest cluster: small groups then count.
clusters-step-leaf = Choose groups by leaf: groups inside of a group that swallows all others then show.
clusters-step-eom = Choose groups by eom: coarser groups, which keep much of what lies between the finest ones.
clusters-step-unfold = Reduce by PCA to 50 and by UMAP to 15 dimensions first: UMAP draws neighbours together. It also makes groups look further apart than they are, so check what it finds against the pictures.
clusters-step-outcome = **Leads to { $count } clusters, { $noise } noise.**
clusters-step-no-help = No help here.
