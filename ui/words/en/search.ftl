# The search screen.
search-back = Back
search-back-help = Return to the specimen before
search-specimen = Specimen
search-specimen-hint = Type part of an id …
search-begin = Choose a specimen: type part of its id above, or click one of these.
search-one-each = One specimen of every category
search-file = Search with a file …
search-file-help = A mesh, a point cloud, a photograph, or several photographs of one specimen together. It goes through the settings of this run, stays on this machine and is not added to the collection.
search-file-choose = File
search-file-wait = Rendering it and extracting features …
search-with-file = Searching with the file { $name }.
search-close-file = Close
search-wait = Searching …
search-count = Neighbours
search-count-help = How many of the most similar specimens are shown.
search-compare = Compare
search-compare-help = Whole: one embedding a specimen. View by view: the best candidates are compared again by their sets of views, which finds parts that match; slower. Turned: the same after the best common turn of all views.
search-whole = Whole
search-view-by-view = View by view
search-aligned = Turned
search-more = More
search-metric = Distance
search-metric-help = Cosine distance is 1 − similarity: 0 means the same direction in feature space. Distances of different runs cannot be compared.
search-expand = Ask with the nearest, too
search-expand-help = Query expansion (Chum et al. 2007): the three nearest are added to the query. Finds more of a group; a wrong neighbour leads astray.
search-regroup = Look for whole groups
search-regroup-help = k-reciprocal re-ranking (Zhong et al. 2017), view by view only: candidates that share the query's neighbours come nearer. Finds more of a group, and now and then a worse first neighbour.
search-mirror = Mirror images, too
search-mirror-help = A left bone finds the right one. View by view only; the query is rendered once more.
search-filters = Filter
search-filters-help = Who may be found. Filters work before the search, so that as many neighbours come as were asked for.
search-category = Category
search-all = All
search-elsewhere = Not from its own category
search-elsewhere-help = Who else looks like this?
search-limit = Only up to a distance
search-limit-help = Leave out what is farther, even where fewer are shown.
search-farthest = Greatest distance
search-columns = By other columns
search-columns-help = Metadata, clusters, tags and facts about the files.
search-no-value = (no value)
search-within-selection = Only the selection ({ $count })
search-within-help = Look among the specimens that are selected in the sidebar.
search-only-in = only in { $category }
search-elsewhere-only = not from its own category
search-among = among { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
}
search-up-to = up to { $distance }
search-several = Several at once
search-several-help = Ask with all selected specimens: what is like these, and not like those? Tick specimens anywhere to select them.
search-several-empty = Nothing is selected. Tick pictures on any screen first.
search-several-no-file = A file from outside asks alone. Close it to ask with the selected specimens.
search-several-use = Ask with the specimen in hand and { $count ->
    [one] the selected one
   *[other] the { $count } selected
}
search-unlike = Not like these
search-unlike-help = Their direction is subtracted, half as strongly (Rocchio 1971).
search-combine = Near to
search-combine-help = The mean finds what they have in common; any finds what is near to one of them at least.
search-combine-mean = the mean of all
search-combine-any = any of them
search-asked-by = Asked with { $like } specimens{ $unlike ->
    [0] .
   *[other] , and away from { $unlike }.
}
search-most-similar = { $count ->
    [one] The most similar
   *[other] The { $count } most similar
}
search-nobody = Nobody is left. Take a filter away, or allow greater distances.
search-nearest = Nearest specimens
search-compare-3d = Compare in 3D
search-shown-3d = Shown in 3D
search-click = Click a card to search from it.
search-by-pooled = { $metric ->
    [cosine] Cosine distance
    [euclidean] Euclidean distance
   *[inner_product] Inner product
} of embeddings
search-by-maxsim = MaxSim distance of views, { $axes } half-whitened axes
search-by-chamfer = Chamfer distance of views, { $axes } half-whitened axes
search-by-aligned = Distance of views after the best common turn, { $axes } half-whitened axes
search-select-all = Select these
search-no-3d = A specimen whose file is no longer there, or that is photographs, has no 3D view.
search-turn = Drag to turn both, wheel to zoom. Both are scaled to the same size; the bars tell the real one.
search-form-title = Difference in form
search-form-help = The neighbour is brought to the query's size, laid onto it, and the distances between the two surfaces are measured. Takes a few seconds for each.
search-form-one = Lay it on
search-form-all = Lay all { $count } on
search-form-mirror = Mirrored, too
search-form-no-file = The file of the query is no longer there, or is photographs.
search-form-empty = Nothing is measured yet.
search-form-wait = Laying specimens onto one another …
search-form-wait-for = Laying { $name } onto it …
search-form-neighbour = Neighbour
search-form-rms = RMS distance
search-form-hausdorff = Hausdorff distance
search-form-scale = Enlarged
search-form-outcome = Outcome
search-form-laid-on = laid on
search-form-mirrored = laid on, mirrored
search-form-failed = could not be laid on: { $share } % of the surfaces meet
search-form-gone = its file is no longer there
search-form-units = Distances in the units of the file of { $name }; neighbours are brought to its size first.
search-form-in-viewer = To see where they differ, choose the distance to the neighbour among the colours of the 3D view.
search-why = Why do they match?
search-why-help = Shows the pairs of views that are most alike.
search-why-show = Paint on the views
search-why-views = Nothing
search-why-where = Parts that count
search-why-patches = Parts that are alike
search-why-attention = Where the network looks
search-why-wait = Looking at the views of both …
search-why-gone = Views can be drawn only where both files are still there.
search-why-pairs = The best pairs of views, the query above; between them the cosine similarity of their features.
search-why-views-help = { "" }
search-why-where-help = Yellow: the similarity drops most where this part is covered (Zeiler & Fergus 2014).
search-why-patches-help = Yellow: this part has its like in the other view, by patches or cells of the feature map (Amir et al. 2021).
search-why-attention-help = Yellow: the class token attends most to it (Caron et al. 2021); without one, where activations are strongest.
search-why-png = Download PNG
search-faces = { $count } faces
search-points = { $count } points
search-facts = { $kind ->
    [mesh] mesh
    [photographs] photographs
   *[other] point cloud
}, { $parts }, { $size } file units
