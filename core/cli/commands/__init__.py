"""The commands of the command line, by what they are for.

A module gathers flags, calls one function of `core`, and reports. It is imported only if one of
its commands is called: `core.cli.command_table` holds what `--help` says of all of them.

==========  ============================================================
`prepare`   from meshes to embeddings: samples, render, extract, pool, run
`search`    nearest specimens of one specimen or file
`retrieve`  index, explain, register, duplicates
`judge`     compare runs, test their robustness
`analyse`   search-all, cluster, cluster-sweep, evaluate
`maps`      map
`curate`    metadata, measure, table
`sets`      tags and sets
`manage`    jobs, runs, reproduce, watch, report
`pictures`  turntable
`machine`   doctor, repair, backbones
==========  ============================================================
"""
