# The report on a run.
report-title = Report
report-about = A page with collection, settings, map, clusters, evaluation and citations, and all tables as CSV: a ZIP for the supplement of a paper. In the language of this screen.
report-make = Make it
report-download = Download
report-made = Made on { $date }.
report-labels = Group and judge by
report-labels-help = Clusters are compared with these labels, neighbours are judged by them: folders, or any column of your metadata.
report-cancelled = The last report was cancelled.
report-failed = The last report was not written.
report-going = It is being written. You can go on with other things.
