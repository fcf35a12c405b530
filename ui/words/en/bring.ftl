# Bringing specimens in.
bring-where = Where are the specimens?
bring-where-help = Your files are only read, never changed. Nothing leaves this machine.
bring-kind-folder = Folder on this machine
bring-kind-upload = Upload files
bring-kind-samples = Sample specimens
bring-folder = Folder
bring-folder-help = A folder of .ply .obj .stl .off .glb .gltf files (also .ply.gz), or of folders of photographs. Its subfolders become categories.
bring-recent = Lately:
bring-browse = Browse folders
bring-up = Up
bring-no-folders = There are no folders in here.
bring-find-folder = Find a folder
bring-more-folders = { $count ->
    [one] One more folder; find it by its name.
   *[other] { $count } more folders; find one by its name.
}
bring-links-left-out = { $count ->
    [one] One link leads out of what this app may look at and is not shown.
   *[other] { $count } links lead out of what this app may look at and are not shown.
}
bring-count = { $count ->
    [0] empty
    [one] { $count } specimen
   *[other] { $count } specimens
}
bring-count-least = { $count } or more
bring-found = { $count ->
    [one] { $count } specimen found.
   *[other] { $count } specimens found.
}
bring-found-photographs = { $count ->
    [one] One of them is a folder of photographs.
   *[other] { $count } of them are folders of photographs.
}
bring-samples-about = Synthetic ammonoids, snails, bivalves, corals and more, grown by this program from Raup's coiling model. Some are broken, some are point clouds, as real scans are.
bring-samples-make = Make 112 sample specimens
bring-samples-making = Growing shells … some ten seconds.
bring-category = Category
bring-category-help = The folder in the workspace that these files go into, such as Molars/Tarsius. Folders within a ZIP stay below it.
bring-files = Meshes, point clouds, photographs, or a ZIP of them
bring-files-help = A ZIP keeps its folders as categories. Nothing that is there already is overwritten.
bring-photographed = Specimen in the photographs
bring-photographed-help = These pictures are taken as views of one specimen of this name. For several specimens send a ZIP with a folder for each.
bring-add = { $count ->
    [one] Add one file to the workspace
   *[other] Add { $count } files to the workspace
}
bring-added = { $count ->
    [one] One file added to { $folder }.
   *[other] { $count } files added to { $folder }.
}
bring-unchanged = { $count ->
    [one] One file was there already, with the same content.
   *[other] { $count } files were there already, with the same content.
}
bring-refused = { $count ->
    [one] One file was not added:
   *[other] { $count } files were not added:
}
bring-refused-more = and { $count } more
bring-others = { $count ->
    [one] One file of another kind in the ZIP was passed over.
   *[other] { $count } files of other kinds in the ZIP were passed over.
}
