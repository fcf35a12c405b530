# Jobs: how far, how long, how they ended.
jobs-at-work = Run “{ $run }”
jobs-at-work-short = Run “{ $run }” is at work
jobs-left = about { $time } left
jobs-estimating = estimating the time left
jobs-seconds = { $count } s
jobs-minutes = { $count } min
jobs-hours = { $count } h
jobs-cancel = Cancel
jobs-cancel-help = What is finished is kept; you can go on from there.
jobs-loading = Loading the backbone …
jobs-close-browser = You may close the browser; the run goes on.
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
jobs-queue = { $count ->
    [one] One run waits its turn
   *[other] { $count } runs wait their turn
}
jobs-first = Next
jobs-remove = Remove
jobs-done = The run “{ $run }” is done; it took { $time }.
jobs-done-some = The run “{ $run }” is done; it took { $time }. Some specimens could not be used.
jobs-cancelled = The run “{ $run }” was cancelled.
jobs-stopped = The run “{ $run }” stopped after { $time }.
jobs-resume = Go on with it
jobs-kept = What was finished is kept and not done again.
jobs-toast-done = The run “{ $run }” is done.
jobs-toast-cancelled = The run “{ $run }” was cancelled.
jobs-toast-stopped = The run “{ $run }” stopped.
jobs-notify = Tell me on the desktop when it is done
jobs-notify-on = You will be told on the desktop.
