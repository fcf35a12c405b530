"""Commands that evaluate whole runs: compare, robustness."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import flags, matching_flags
from core.cli.console import DONE, add_command, listed, say, whole_number
from core.cli.inputs import run_of
from core.cli.job_progress import add_job_flag, as_job
from core.collection import file_of
from core.embeddings import Embeddings, read_embeddings
from core.evaluation import CHANGES, Comparison, RobustnessSettings, comparison_into, robustness_into
from core.foundation import Progress
from core.pipeline import Describer


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_compare(commands, common)
    _add_robustness(commands, common)


def _add_compare(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "compare", common)
    parser.add_argument(
        "--run",
        dest="run_folders",
        action="append",
        required=True,
        help="folder of a run; repeatable, the first run is the baseline",
    )
    flags.add_evaluation_flags(parser)
    matching_flags.add_match_flags(parser, several=True)
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    settings = flags.evaluation_settings(options)
    runs: dict[str, Embeddings] = {}
    rankings = {}
    for folder in flags.each(options.run_folders):
        run = run_of(Path(folder))
        name = run.name if run.name not in runs else str(folder)
        collection = matching_flags.collection_of_run(run, mapped=False)
        runs[name], ranking = collection.embeddings, matching_flags.ranking_of(options, collection, settings.metric)
        if ranking is not None:
            rankings[name] = ranking
    found = comparison_into(
        options.out, runs, flags.labels_of(options), settings, rankings=rankings, overwrite=options.overwrite
    )
    if found is None:
        say(options, f"Compare: nothing to do, {options.out / 'comparison.csv'} is already there")
        return DONE
    _print_comparison(options, found)
    return DONE


def _print_comparison(options: argparse.Namespace, found: Comparison) -> None:
    for note in found.notes:
        say(options, f"Note: {note}")
    names = list(found.evaluations)
    width = max(len(name) for name in names)
    measures = list(found.evaluations[found.first].overall)
    if options.match != "pooled":
        say(options, f"Neighbours by {options.match} of views, the same way in all runs")
    say(options, f"{'':{width}}  " + "  ".join(f"{measure:>11}" for measure in measures))
    for name, evaluation in found.evaluations.items():
        say(options, f"{name:{width}}  " + "  ".join(f"{value:11.3f}" for value in evaluation.overall.values()))
    say(options, f"Differences against {found.first}; * if the confidence interval excludes 0:")
    by_key = {(one.run, one.measure): one for one in found.differences}
    for name in names[1:]:
        cells = [by_key[name, measure] for measure in measures]
        say(
            options,
            f"{name:{width}}  " + "  ".join(f"{one.mean:+10.3f}{'*' if one.is_clear else ' '}" for one in cells),
        )
    say(options, f"Written to {options.out / 'comparison.csv'} and comparison.json")


def _add_robustness(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "robustness", common)
    usual = RobustnessSettings()
    parser.add_argument("--run", dest="run_folder", type=Path, required=True, help="folder of a run")
    parser.add_argument(
        "--changes",
        default=",".join(usual.changes),
        help=f"changes to try, separated by commas: {listed(CHANGES)} (all)",
    )
    parser.add_argument(
        "--specimens",
        type=whole_number,
        default=usual.specimens,
        help=f"number of specimens to try ({usual.specimens})",
    )
    parser.add_argument("--weights", type=Path, help="weights file of the backbone")
    parser.add_argument("--no-download", action="store_true", help="never download weights")
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    add_job_flag(parser)
    parser.set_defaults(run=_robustness)


def _robustness(options: argparse.Namespace) -> int:
    return as_job(options, options.workspace, lambda progress: _run_robustness(options, progress))


def _run_robustness(options: argparse.Namespace, progress: Progress) -> int:
    changes = tuple(name.strip() for name in str(options.changes).split(","))
    settings = RobustnessSettings(changes=changes, specimens=options.specimens, seed=options.seed)
    run = run_of(options.run_folder)
    embeddings = read_embeddings(run.matrix_path, run.ids_path)
    describer = Describer(run, weights=options.weights, download=not options.no_download)
    found = robustness_into(
        options.out,
        embeddings,
        describer,
        lambda name: file_of(run, name),
        settings,
        overwrite=options.overwrite,
        progress=progress,
    )
    if found is None:
        say(options, f"Robustness: nothing to do, {options.out / 'robustness.csv'} is already there")
        return DONE
    for one in found:
        of_class = (
            f"{one.finds_its_class:6.1%} of {one.n_with_class} nearest to their category" if one.n_with_class else ""
        )
        say(options, f"{one.change:10}  {one.finds_itself:6.1%} of {one.n_specimens} nearest to themselves  {of_class}")
    say(options, f"Written to {options.out / 'robustness.csv'}")
    return DONE
