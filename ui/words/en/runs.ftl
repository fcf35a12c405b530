# Runs and jobs.
runs-tab-runs = Runs
runs-tab-jobs = Jobs that ended
runs-none = There are no runs yet. Bring specimens in and start one.
runs-column-name = Run
runs-column-state = State
runs-column-backbone = Backbone
runs-column-views = Views
runs-column-pool = Pooling
runs-column-count = Specimens
runs-column-size = On disk
runs-column-date = Begun
runs-column-notes = Notes
runs-state-complete = complete
runs-state-again = being made again
runs-state-unfinished = unfinished
runs-state-damaged = damaged
runs-total = { $count ->
    [one] One run, { $size } on disk. Tick a row to work with it.
   *[other] { $count } runs, { $size } on disk. Tick a row to work with one.
}
runs-made-from = From { $folder } · { $backbone } · { $engine } · { $pool } pooling
runs-look = Look at it
runs-compare = Compare
runs-compare-help = How well this run finds like specimens, beside the others, on the screen Evaluate.
runs-again = Make it again
runs-again-about = The same settings on the same folder under another name. With the same specimens and versions every number is the same, byte by byte.
runs-again-name = Name of the new run
runs-again-start = Start
runs-again-done = The run “{ $run }” is in the queue.
runs-delete = Delete
runs-delete-about = This deletes the run “{ $run }” and frees { $size }. Your own files, and other runs, stay as they are. It cannot be undone.
runs-delete-sure = Yes, delete it
runs-delete-done = The run “{ $run }” is deleted; { $size } are free again.
runs-notes = Notes on this run
runs-notes-help = Kept with the run and shown in its report.
runs-notes-save = Keep the notes
runs-notes-done = The notes on “{ $run }” are kept.
runs-name = Name
runs-name-help = Up to 64 letters, digits, spaces and . _ + -
runs-rename = Rename
runs-rename-done = “{ $before }” is now called “{ $now }”.
runs-settings = Everything that made it
runs-settings-help = This is the file config.json of the run. The command below makes the run again, on any machine with the same versions.
runs-no-jobs = No job has ended yet.
runs-show-log = Show the log
runs-more-jobs = and { $count } older ones
