# What specimens are coloured and judged by.
columns-top = top category
columns-level = category, { $level } levels
columns-category = category
columns-cluster = cluster
columns-labels = labels
columns-noise = noise
columns-judge = Judge by
columns-judge-help = Categories are the folders that specimens lie in; a file holds labels of your own.
columns-labels-file = Labels from a file (CSV: specimen_id,label)
columns-labels-file-help = UTF-8, UTF-16 or Shift-JIS; comma, semicolon or tab. Ids are paths below the input folder without suffix.
columns-labels-file-choice = labels from a file
columns-labels-missing = Choose the file with your labels.
