# Metadata brought in from a table.
metadata-help = What you know of your specimens, in a CSV or Excel file whose first line names the columns. Nothing is written before you have seen what fits.
metadata-file = CSV or Excel file
metadata-by = How rows find their specimens
metadata-by-help = By id: the path below the input folder without suffix. By file name: with or without folders. By catalogue number: “AMNH 106010” finds amnh106010_left.ply. M1 and m1 are never taken for one another.
metadata-by-auto = exact ids, else what fits most rows
metadata-by-id = specimen id
metadata-by-file = file name
metadata-by-catalogue-number = catalogue number
metadata-column = Column that tells the specimen
metadata-column-help = The column that holds ids, file names or catalogue numbers.
metadata-column-found = found by itself
metadata-matched = Specimens matched
metadata-not-matched = Rows of no specimen
metadata-ambiguous = Ambiguous rows
metadata-without-row = Specimens without a row
metadata-changes = Values that differ from those kept
metadata-matched-by = { $columns ->
    [one] Matched by { $by }, column “{ $column }”; { $columns } column is brought in.
   *[other] Matched by { $by }, column “{ $column }”; { $columns } columns are brought in.
}
metadata-not-exact = Not all by exact ids: { $fit } of { $rows } rows fit in this way. Compare these examples before you keep the values.
metadata-example-key = In the table
metadata-example-specimen = Specimen
metadata-overwrite = { $count ->
    [one] Replace { $count } value that differs
   *[other] Replace { $count } values that differ
}
metadata-overwrite-help = Off: what was kept before stays as it is. The list above names each of them.
metadata-write = { $count ->
    [one] Keep { $count } value
   *[other] Keep { $count } values
}
metadata-written = { $count ->
    [one] { $count } value was kept
   *[other] { $count } values were kept
} for { $specimens ->
    [one] { $specimens } specimen.
   *[other] { $specimens } specimens.
}
metadata-columns = { $count ->
    [one] { $count } column was brought in
   *[other] { $count } columns were brought in
}
metadata-remove = Columns to take away
metadata-remove-button = Take these columns away from all specimens
