# A specimen's own page.
specimen-none = Choose a specimen: press / and type part of its id, or click one of these.
specimen-place = { $category } · { $place } of { $total } in the list
specimen-before = Previous
specimen-after = Next
specimen-select = Select
specimen-unselect = Selected
specimen-no-mesh = There is nothing to turn or measure: the specimen is photographs, or its file is no longer there.
specimen-tags = Tags
specimen-tags-hint = Type a word and press Enter
specimen-tags-help = Words that stay with this specimen, whichever run you look at. You can filter by them under Specimens.
specimen-note = Note
specimen-note-hint = What you want to remember about it. It is kept when you leave the field.
specimen-measurements = Measurements
specimen-metadata = Metadata
specimen-views = Views
specimen-history = History
specimen-measuring = Measuring …
specimen-measure = Measurement
specimen-value = Value
specimen-unit = Unit
specimen-file-units = file units
specimen-extent = Extent along { $axis }
specimen-length = Length along principal axis { $number }
specimen-area = Surface area
specimen-volume = Volume
specimen-centroid-radius = Centroid size by area (root mean square distance of the surface)
specimen-centroid-size = Centroid size of the vertices (Bookstein 1991)
specimen-vertices = Vertices
specimen-faces = Faces
specimen-surface-open = { $count ->
    [one] No volume: the surface is open at { $count } edge.
   *[other] No volume: the surface is open at { $count } edges.
}
specimen-surface-branching = No volume: some edges belong to more than two faces.
specimen-surface-twisted = No volume: neighbouring faces disagree about which side is the outer one.
specimen-surface-cloud = No area and no volume: the specimen is a point cloud.
specimen-measure-help = Files do not say their unit; most scans are in millimetres. Centroid size of the vertices takes them as landmarks and grows with their number: compare it only between meshes of one kind. Centroid size by area does not depend on that.
specimen-metadata-help = Change a cell to correct it, add a line below. Changes are kept at once, for all runs.
specimen-metadata-none = There is no metadata for this specimen yet. Add a line here, or bring a table in under Specimens, Metadata.
specimen-metadata-name = Name
specimen-metadata-value = Value
specimen-rendering = Rendering its views …
specimen-no-views = Its views were not kept, and its file is no longer there.
specimen-views-help = { $count ->
    [one] { $count } view
   *[other] { $count } views
} as the backbone saw them. { $made_by }
specimen-neighbours = Most similar
specimen-neighbours-help = Cosine distance. Click one to go to its page. { $made_by }
specimen-cluster = Cluster **{ $cluster }**, { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
}
specimen-cluster-select = Select its members
specimen-cluster-open = Open the clusters
specimen-cluster-none = No clusters are kept in this run yet.
specimen-cluster-noise = It belongs to no cluster of those kept in this run.
specimen-file-size = { $size } MB
specimen-file-changed = changed { $when }
specimen-file-gone = This file is no longer there. Pictures and neighbours still are.
specimen-not-in-run = not in it
specimen-backbone = Backbone
specimen-finished = Finished
