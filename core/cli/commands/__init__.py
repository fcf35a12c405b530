"""The commands of the command line, by topic.

A command reads its flags, calls one function of `core`, and prints the result. A module is imported
only if one of its commands is called: the help texts of all commands are in
`core.cli.command_table`.

==========  ============================================================
`prepare`   samples, render, extract, pool, run: meshes to embeddings
`search`    search
`retrieve`  index, explain, register, duplicates
`judge`     compare, robustness
`analyse`   search-all, cluster, cluster-sweep, evaluate
`maps`      map
`curate`    metadata, measure, table
`sets`      tags, sets
`manage`    jobs, runs, reproduce, watch, report
`pictures`  turntable
`machine`   doctor, repair, backbones
==========  ============================================================
"""
