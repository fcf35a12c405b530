# Watching a folder for new files.
watch-title = New files in this folder
watch-help = The folder is looked at every few seconds, also while the browser is closed. A file is taken once nobody writes to it any more. The run “{ $run }” takes it up.
watch-mode-off = Do not watch
watch-mode-offer = Tell me
watch-mode-run = Take them up by themselves
watch-elsewhere = Watched at the moment: { $folder }. Choose that folder to change this.
watch-looking = Watching { $folder }; looked at { $time }.
watch-new = { $count ->
    [one] { $count } new specimen in { $folder }
   *[other] { $count } new specimens in { $folder }
}
watch-more = and { $count } more
watch-take = Take them up into “{ $run }”
