# The report on a run.
report-title = Report
report-about = A page with collection, settings, map, clusters, evaluation and citations, and all tables as CSV: a ZIP for the supplement of a paper. In the language of this screen.
report-make = Make it
report-making = Writing the report …
report-download = Download
report-made = Made on { $date }.
