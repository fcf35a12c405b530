"""Commands that analyse embeddings: search-all, cluster, cluster-sweep, evaluate."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from core.cli import flags, matching_flags
from core.cli.console import DONE, add_command, progress_of, report, say
from core.clusters import (
    Agreement,
    ClusteringCache,
    Misfit,
    advise_on,
    clusters_into,
    explain_noise,
    explain_outcome,
    sweep_into,
)
from core.collection import Labels, resolve_labels
from core.embeddings import read_embeddings
from core.evaluation import evaluate_into
from core.matching import Matcher, MatchSettings
from core.neighbours import Neighbours
from core.pipeline import search_folder


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_search_all(commands, common)
    _add_cluster(commands, common)
    _add_cluster_sweep(commands, common)
    _add_evaluate(commands, common)


def _add_search_all(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "search-all", common)
    flags.add_embedding_flags(parser)
    _add_run_flag(parser)
    flags.add_search_flags(parser)
    matching_flags.add_match_flags(parser)
    parser.add_argument("--out", type=Path, default=Path("data/knn_results"), help="output folder (data/knn_results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_search_all)


def _search_all(options: argparse.Namespace) -> int:
    collection, settings = matching_flags.collection_of(options), flags.search_settings(options)
    how: dict[str, object] | None = None
    all_nearest = None
    if matching_flags.match_settings(options) != MatchSettings():
        matcher = matching_flags.matcher_of(options, collection, settings)
        how = matching_flags.about(options, matcher)
        all_nearest = partial(_all_nearest, options, collection, matcher)
    stage = search_folder(
        collection.embeddings,
        options.out,
        settings,
        how=how,
        all_nearest=all_nearest,
        overwrite=options.overwrite,
        progress=progress_of(options),
    )
    return report(options, stage, "Search", options.out)


def _all_nearest(
    options: argparse.Namespace, collection: matching_flags.Collection, matcher: Matcher
) -> Iterator[Neighbours]:
    return matcher.all_nearest(matching_flags.mirrored_of(options, collection))


def _add_run_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", dest="run_folder", type=Path, help="folder of a run, instead of --emb and --ids")


def _add_cluster(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "cluster", common)
    flags.add_embedding_flags(parser)
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    parser.add_argument("--labels", help="a CSV specimen_id,label, or the word category, to compare the clusters with")
    flags.add_cluster_flags(parser)
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_cluster)


def _cluster(options: argparse.Namespace) -> int:
    embeddings = read_embeddings(options.emb, options.ids)
    settings = flags.cluster_settings(options)
    labels = None if options.labels is None else resolve_labels(options.labels, embeddings.ids)
    found = clusters_into(
        options.out, embeddings, settings, labels=labels, pca_report=options.pca_report, overwrite=options.overwrite
    )
    clustering = found.clustering
    if clustering is None:
        say(options, f"Cluster: nothing to do, clusters.csv is already there, in {options.out}")
        return DONE
    for note in (*clustering.notes, *(labels.notes if labels else ())):
        say(options, f"Note: {note}")
    say(
        options,
        f"{clustering.n_clusters} clusters of {len(clustering.ids)} specimens, {clustering.n_noise} of them noise "
        f"({clustering.noise_ratio:.0%}), mean membership strength {clustering.mean_prob:.2f}",
    )
    for number, step in enumerate(advise_on(ClusteringCache(embeddings), clustering), start=1):
        if number == 1:
            say(options, f"{explain_noise(clustering)} Settings to try next:")
        outcome = explain_outcome(step, clustering)
        say(options, f"  {number}. {step.text} ({step.flags}{'; ' if outcome else ''}{outcome})")
    if labels is not None and found.agreement is not None:
        _print_agreement(options, labels, found.agreement, found.misfits)
    say(options, f"Written to {options.out}: {', '.join(path.name for path in found.written)}")
    return DONE


def _print_agreement(
    options: argparse.Namespace, labels: Labels, agreement: Agreement, misfits: tuple[Misfit, ...]
) -> None:
    """Print how clusters agree with labels, and the first possibly misfiled specimen."""
    say(
        options,
        f"Against the labels of {agreement.n_labelled} specimens ({labels.source}): ARI {agreement.ari:.3f}, "
        f"NMI {agreement.nmi:.3f}, AMI {agreement.ami:.3f}, purity {agreement.purity:.3f}, "
        f"homogeneity {agreement.homogeneity:.3f}",
    )
    if misfits:
        first = misfits[0]
        say(
            options,
            f"{len(misfits)} specimens are possibly misfiled, listed in misfits.csv; first {first.specimen_id} "
            f"({first.label}), whose neighbours are mostly {first.neighbour_label}",
        )


def _add_cluster_sweep(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "cluster-sweep", common)
    flags.add_embedding_flags(parser)
    parser.add_argument("--out", type=Path, default=Path("results/sweep"), help="output folder (results/sweep)")
    parser.add_argument("--labels", help="a CSV specimen_id,label, or the word category, to compare the clusters with")
    flags.add_sweep_flags(parser)
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_cluster_sweep)


def _cluster_sweep(options: argparse.Namespace) -> int:
    embeddings = read_embeddings(options.emb, options.ids)
    labels = None if options.labels is None else resolve_labels(options.labels, embeddings.ids)
    found = sweep_into(
        options.out,
        embeddings,
        flags.sweep_settings(options),
        labels,
        paths=(options.emb, options.ids),
        overwrite=options.overwrite,
        progress=progress_of(options),
    )
    if found is None:
        say(options, f"Sweep: nothing to do, sweep_results.csv is already there, in {options.out}")
        return DONE
    for note in () if labels is None else labels.notes:
        say(options, f"Note: {note}")
    best = found.best_trial
    say(
        options,
        f"The best of {len(found.trials)} settings by {found.settings.choose_by}: {best.n_clusters} clusters, "
        f"{best.noise_ratio:.0%} noise, score {best.score:.3f}",
    )
    say(options, f"Written to {options.out / 'sweep_results.csv'}, best_config.yaml and best_clusters.csv")
    return DONE


def _add_evaluate(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "evaluate", common)
    flags.add_embedding_flags(parser)
    _add_run_flag(parser)
    flags.add_evaluation_flags(parser)
    matching_flags.add_match_flags(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("results/evaluation"), help="output folder (results/evaluation)"
    )
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    collection = matching_flags.collection_of(options, mapped=False)
    labels = resolve_labels(flags.labels_of(options), collection.embeddings.ids)
    settings = flags.evaluation_settings(options)
    ranking = matching_flags.ranking_of(options, collection, settings.metric)
    evaluation = evaluate_into(
        options.out, collection.embeddings, labels, settings, ranking=ranking, overwrite=options.overwrite
    )
    if evaluation is None:
        say(options, f"Evaluate: nothing to do, retrieval.json is already there, in {options.out}")
        return DONE
    for note in evaluation.notes:
        say(options, f"Note: {note}")
    say(options, f"{len(evaluation.ids)} queries in {len(evaluation.per_class)} classes, labels: {evaluation.source}")
    rows = [("overall", evaluation.overall), *sorted(evaluation.per_class.items())]
    width = max(len(name) for name, _ in rows)
    say(options, f"{'':{width}}  " + "  ".join(f"{name:>11}" for name in evaluation.overall))
    for name, values in rows:
        say(options, f"{name:{width}}  " + "  ".join(f"{value:11.3f}" for value in values.values()))
    say(
        options, f"The {settings.n_votes} nearest vote for the right label in {evaluation.vote_accuracy:.1%} of queries"
    )
    say(options, f"Written to {options.out / 'retrieval.json'} and retrieval.csv")
    return DONE
