title = Report on the run “{ $run }”
made = Made on { $date } by FossilViT Explorer { $version }
contents = Contents
no-category = (no category)
no-label = (no value)
label = label
label-category = category
label-column = “{ $column }”
group = By { $label }
specimens = Specimens
specimen = Specimen
measure = Measure
value = Value
interval = 95 % interval
meaning = Meaning
reason = Reason
distance = Distance
kind = Kind
other = The other
more-in-table = { $count ->
    [one] One more stands in { $file }.
   *[other] { $count } more stand in { $file }.
}
collection-heading = Collection
collection-specimens = specimens
collection-labels = values of { $label }
collection-clusters = clusters
collection-noise = in no cluster
collection-failures = could not be used
collection-about = The specimens of the folder “{ $folder }”, described by { $backbone }. Everything here rests on the shape that the backbone sees in pictures of them; it knows no taxonomy.
collection-notes = Notes
settings-heading = Settings
settings-again = With the file config.json beside this page, the same specimens and the versions below, every number can be made again:
words-views = { $views } views of { $pixels } × { $pixels } pixels were made of every specimen (layout: { $layout }, appearance: { $appearance }).
words-features = The backbone { $backbone } turned each view into a feature (tokens: { $tokens }) of { $dimensions } numbers, run by { $engine }.
words-unusual = Other than usual: { $what }.
unusual-layer = block { $value }
unusual-facet = facet { $value }
unusual-patch-pool = { $value } within a view
unusual-patch-mask = background left out
unusual-mixed = every second view along the principal axes
unusual-align = views along the principal axes
unusual-shading = shading { $value }
unusual-background = background { $value }
words-weights = Its weights: { $source }; SHA-256 { $sha }.
words-pool = The features of a specimen’s views were joined by their { $pool } into one embedding.
words-search = Neighbours: the { $topk } nearest by { $metric } distance.
words-clusters = Groups: { $method } on { $metric } distances after PCA ({ $pca }) and UMAP ({ $umap }); smallest cluster { $smallest }, min_samples { $samples }, selection { $selection }, seed { $seed }.
words-map = The map: { $method }, { $neighbours } neighbours.
map-heading = Map
map-title = Map of all specimens, coloured by cluster
map-caption = { $method }. A dot is a specimen, its colour the cluster, grey in none; numbers name the clusters. Who lies beside whom can be trusted as far as { $trust } of 1 (trustworthiness); distances between groups, and their sizes, mean nothing.
clusters-heading = Clusters
clusters-about = { $count ->
    [one] One cluster; { $noise } specimens are in none. Mean silhouette { $silhouette }.
   *[other] { $count } clusters; { $noise } specimens are in none. Mean silhouette { $silhouette }.
}
clusters-validity = DBCV { $value }.
clusters-agreement = Compared by { $label }: adjusted Rand index { $ari }, normalised mutual information { $nmi }, purity { $purity }.
clusters-sizes = Specimens of every cluster, largest first; grey: in none
clusters-variance = Share of the variance of each principal component
cluster = { $count ->
    [one] Cluster { $number }: { $count } specimen
   *[other] Cluster { $number }: { $count } specimens
}
noise = { $count ->
    [one] In no cluster: { $count } specimen
   *[other] In no cluster: { $count } specimens
}
evaluation-heading = Evaluation
evaluation-about = Every one of { $count } specimens searched for the others of its { $label } ({ $classes } of them). All measures lie between 0 and 1; more is better.
evaluation-vote = The five nearest vote for the right { $label } in { $share } % of the cases.
evaluation-none = No { $label } is shared by two specimens, so there is nothing to judge by.
measure-NN = the nearest specimen is of the same { $label }
measure-first_tier = share of those of its { $label } found among as many as there are
measure-second_tier = share of those of its { $label } found among twice as many
measure-E = precision and recall among the first 32
measure-DCG = early finds count more
measure-mAP = mean average precision
measure-p = share of its { $label } among the first { $k }
misfits-heading = Possibly misfiled
misfits-about = { $count ->
    [one] One specimen lies among specimens of another { $label }. It may be misfiled, damaged, or simply odd.
   *[other] { $count } specimens lie among specimens of another { $label }. They may be misfiled, damaged, or simply odd. The strongest evidence comes first.
}
misfits-none = No specimen contradicts its { $label }.
filed-as = Filed as
cluster-says = Its cluster
neighbours-say = Its neighbours
evidence = Evidence
duplicates-heading = Duplicates
duplicates-about = { $count ->
    [one] One pair is the same scan, or so like it that it may be.
   *[other] { $count } pairs are the same scan, or so like it that they may be.
}
duplicates-none = No two specimens are so alike that they might be the same scan.
kind-identical = the same file
kind-near = as good as the same
failures-heading = Not used
failures-about = { $count ->
    [one] One file could not be used.
   *[other] { $count } files could not be used.
}
failures-none = Every file could be used.
failures-unread = Files of kinds that are not read:
versions-heading = Versions
citations-heading = To cite
citations-about = The backbone and the methods that this report rests on:
tables-heading = Tables
tables-about = Everything in this report, whole, as CSV (UTF-8) in the folder “tables”.
table-specimens = what is known of every specimen: its file, tags, notes, metadata
table-neighbours = the nearest specimens of every specimen
table-map = the coordinates of the map
table-clusters = the cluster of every specimen, -1 for none, and the strength of its membership
table-members = for every specimen its nearest cluster and how much of an outlier it is
table-cluster_report = every cluster: its size, its middle, its strongest and weakest members
table-pca_report = the variance of the principal components
table-queries = the evaluation of every specimen
table-retrieval = the evaluation by { $label }
table-confusion = of which { $label } the nearest specimens are
table-misfits = possibly misfiled specimens
table-duplicates = pairs that may be the same scan
table-failures = what could not be used, and why
