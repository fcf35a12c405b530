# What is damaged in the workspace.
health-title = { $count ->
    [one] Something in this workspace is damaged
   *[other] { $count } things in this workspace are damaged
}
health-repair = This command makes again what can be made again. It changes none of your scans and throws nothing away.
