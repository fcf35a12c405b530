# Jobs: how far, how long, how they ended.
jobs-at-work = { $kind ->
    [report] Report on “{ $run }”
    [robustness] What a search in “{ $run }” survives
   *[run] Run “{ $run }”
}
jobs-at-work-short = { $kind ->
    [report] Writing the report on “{ $run }”
    [robustness] Measuring what a search in “{ $run }” survives
   *[run] Run “{ $run }” is at work
}
jobs-left = about { $time } left
jobs-estimating = estimating the time left
jobs-seconds = { $count } s
jobs-minutes = { $count } min
jobs-hours = { $count } h
jobs-cancel = Cancel
jobs-cancel-help = { $kind ->
    [report] An earlier report stays.
    [robustness] What was measured so far is dropped; an earlier result stays.
   *[run] What is finished is kept; you can go on from there.
}
jobs-loading = Loading the backbone …
jobs-close-browser = You may close the browser; the work goes on.
jobs-log = Log
jobs-no-log = There is no log.
jobs-download-log = Download the log
jobs-stage = { $label }: { $done }
jobs-stage-of = { $label }: { $done } of { $total }
jobs-rate = { $rate } a second
jobs-rate-minute = { $rate } a minute
jobs-stage-checking = Checking
jobs-stage-rendering = Rendering
jobs-stage-features = Features
jobs-stage-pooling = Pooling
jobs-stage-neighbours = Neighbours
jobs-stage-clusters = Clusters
jobs-stage-evaluation = Evaluation
jobs-stage-robustness = Specimens tried
jobs-stage-report = Steps of the report
jobs-queue = { $count ->
    [one] One job waits its turn
   *[other] { $count } jobs wait their turn
}
jobs-first = Next
jobs-remove = Remove
jobs-done = { $kind ->
    [report] The report on “{ $run }” is written; it took { $time }.
    [robustness] What a search in “{ $run }” survives is measured; it took { $time }.
   *[run] The run “{ $run }” is done; it took { $time }.
}
jobs-done-some = The run “{ $run }” is done; it took { $time }. Some specimens could not be used.
jobs-cancelled = { $kind ->
    [report] The report on “{ $run }” was cancelled.
    [robustness] Measuring what a search in “{ $run }” survives was cancelled.
   *[run] The run “{ $run }” was cancelled.
}
jobs-stopped = { $kind ->
    [report] The report on “{ $run }” stopped after { $time }.
    [robustness] Measuring what a search in “{ $run }” survives stopped after { $time }.
   *[run] The run “{ $run }” stopped after { $time }.
}
jobs-resume = { $kind ->
    [report] Start it again
    [robustness] Start it again
   *[run] Go on with it
}
jobs-kept = { $kind ->
    [report] It is written from the beginning.
    [robustness] It is measured from the beginning.
   *[run] What was finished is kept and not done again.
}
jobs-toast-done = { $kind ->
    [report] The report on “{ $run }” is written.
    [robustness] What a search in “{ $run }” survives is measured.
   *[run] The run “{ $run }” is done.
}
jobs-toast-cancelled = { $kind ->
    [report] The report on “{ $run }” was cancelled.
    [robustness] Measuring what a search in “{ $run }” survives was cancelled.
   *[run] The run “{ $run }” was cancelled.
}
jobs-toast-stopped = { $kind ->
    [report] The report on “{ $run }” stopped.
    [robustness] Measuring what a search in “{ $run }” survives stopped.
   *[run] The run “{ $run }” stopped.
}
jobs-notify = Tell me on the desktop when it is done
jobs-notify-on = You will be told on the desktop.
