# The screen Specimens: finding, sorting and filtering, the gallery, the table, look-alikes.
specimens-bring-in = Bring specimens in and start a run
specimens-when-done = When the run is done, your specimens appear here.
specimens-in-run = { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
} in “{ $run }” · { $made_by }
specimens-shown = { $count } of { $total } fit.
specimens-tab-gallery = Gallery
specimens-tab-table = Table
specimens-tab-alike = Look-alikes
specimens-tab-metadata = Metadata
specimens-find = Find
specimens-find-hint = part of an id
specimens-all-categories = All categories
specimens-sort = Sort by
specimens-falling = Largest or last first
specimens-filter = Filter
specimens-filter-by = Filter by
specimens-filter-by-hint = Choose columns
specimens-filter-by-help = Every column can be a filter: extents, counts, tags, named sets, your own metadata.
specimens-filter-one-value = All specimens have the same value of { $column }.
specimens-filter-any = any
specimens-filter-empty = (empty)
specimens-filter-words = words that occur
specimens-nothing-fits = No specimen fits. Clear the search, or take a filter away.
specimens-gallery = Specimens
specimens-gallery-help = Click a specimen to see the most similar ones; ↗ opens its own page, ✓ selects it. Shift selects a range.
specimens-select-all = Select all { $count }
specimens-table = Table of specimens
specimens-table-pictures = Only the first { $count }, with pictures
specimens-column-specimen-id = Specimen
specimens-column-picture = Picture
specimens-column-category = Category
specimens-column-kind = Kind
specimens-column-cluster = Cluster
specimens-column-vertices = Vertices
specimens-column-faces = Faces
specimens-column-extent-x = Extent x (file units)
specimens-column-extent-y = Extent y (file units)
specimens-column-extent-z = Extent z (file units)
specimens-column-file-notes = About the file
specimens-column-tags = Tags
specimens-column-sets = Sets
specimens-column-notes = Notes
specimens-alike-wait = { $count } specimens are compared with one another …
specimens-alike-threshold = Nearer than
specimens-alike-help = Cosine distance of a pair. Files that are identical byte by byte are listed whatever their distance.
specimens-alike-none = No two specimens are that alike.
specimens-alike-found = { $count ->
    [one] { $count } group.
   *[other] { $count } groups.
} The same scan under two names, a copy that was saved again, or a left and a right of one animal: look before you delete. Nothing is deleted here.
specimens-alike-group = Group { $number }
specimens-alike-more-of-group = { $count } more of this group are in the CSV.
specimens-alike-more = The first { $count } groups are shown; the CSV has all.
specimens-alike-identical = identical file
specimens-alike-near = near-duplicate
