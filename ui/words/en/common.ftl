# Words that several screens share.
common-specimens = { $count ->
    [one] { $count } specimen
   *[other] { $count } specimens
}
common-download-csv = Download CSV
common-find-similar = Find similar
