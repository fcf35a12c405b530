# The selection that all screens share, in the sidebar.
selection-title = { $count } selected
selection-empty = Nothing is selected. Tick specimens on any screen to collect them here.
selection-clear = Clear
selection-pictures = Selected specimens
selection-more = and { $count } more
selection-not-in-run = { $count ->
    [one] One of them is not in this run.
   *[other] { $count } of them are not in this run.
}
selection-use-on = Use all of it on
selection-on-search = Find what is like all of these together.
selection-on-map = Show these on the map.
selection-on-clusters = Show which clusters these are in.
selection-keep = Keep or tag …
selection-set-name = Name of a set
selection-set-help = The selection is kept under this name, whichever run you look at.
selection-set-replace = Replace a set of this name
selection-set-save = Keep as a set
selection-set-saved = { $count ->
    [one] The set “{ $name }” has { $count } specimen.
   *[other] The set “{ $name }” has { $count } specimens.
}
selection-tag-name = Tag
selection-tag-help = A word that stays with every one of these specimens, “left” say.
selection-tag-add = Add tag
selection-tag-remove = Remove tag
selection-tagged = { $count ->
    [one] Tag “{ $tag }”: { $count } specimen.
   *[other] Tag “{ $tag }”: { $count } specimens.
}
selection-sets = Named sets
selection-set-choose = Set
selection-set-take = Select this set
selection-set-add = Add it to the selection
selection-set-subtract = Take it from the selection
selection-set-remove-sure = Forget this set
selection-set-remove = Yes, forget it (its specimens stay)
selection-export = Export CSV
selection-export-help = Everything known of these specimens: files, extents, tags, sets, notes and metadata.
