"""Commands about neighbours: index, explain, register, duplicates."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import core
from core.cli import flags
from core.cli.console import DONE, add_command, number, say, whole_number
from core.cli.inputs import mesh_of_file, run_of
from core.collection import file_of
from core.embeddings import read_embeddings
from core.foundation import SpecimenError, file_of_specimen
from core.matching import (
    PAINTED,
    SHOWN,
    ViewPair,
    draw_pairs,
    explain,
    occlusion_picture,
    open_patches,
    paint_views,
    write_picture,
)
from core.meshes import stem_of, write_ply
from core.neighbours import (
    KINDS,
    NEIGHBOUR_METRICS,
    DuplicateSettings,
    IndexSettings,
    build_index,
    duplicates_into,
    is_written,
    measure_recall,
    resolve_id,
    write_index,
)
from core.pipeline import Describer, feature_settings_of
from core.storage import fingerprint, sha256_of_file, write_json, write_once
from core.workspace import RunFolder, hashes_of

if TYPE_CHECKING:
    from core.meshes import Registration, RegistrationSettings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    _add_index(commands, common)
    _add_explain(commands, common)
    _add_register(commands, common)
    _add_duplicates(commands, common)


def _add_index(commands: Any, common: argparse.ArgumentParser) -> None:
    usual = IndexSettings()
    parser = add_command(commands, "index", common)
    flags.add_embedding_flags(parser)
    parser.add_argument(
        "--index-out", type=Path, default=Path("results/index.faiss"), help="output file (results/index.faiss)"
    )
    parser.add_argument("--type", dest="kind", choices=KINDS, default=usual.kind, help=f"kind of index ({usual.kind})")
    parser.add_argument(
        "--metric",
        choices=NEIGHBOUR_METRICS,
        default=usual.metric,
        help=f"distance or similarity between embeddings ({usual.metric})",
    )
    for name, meaning in (
        ("lists", "number of lists of ivfpq"),
        ("probes", "number of lists of ivfpq searched for a query"),
        ("code-bytes", "bytes of a code of ivfpq"),
    ):
        parser.add_argument(
            f"--{name}", type=whole_number, default=0, help=f"{meaning} (0: chosen by the size of the collection)"
        )
    parser.add_argument(
        "--links", type=whole_number, default=usual.links, help=f"links of a node of hnsw ({usual.links})"
    )
    parser.add_argument("--effort", type=whole_number, default=0, help="length of the candidate list of hnsw (0: 256)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_index)


def _index(options: argparse.Namespace) -> int:
    settings = IndexSettings(
        kind=options.kind,
        metric=options.metric,
        lists=options.lists,
        probes=options.probes,
        code_bytes=options.code_bytes,
        links=options.links,
        effort=options.effort,
    )
    embeddings = read_embeddings(options.emb, options.ids, mapped=True)
    if not options.overwrite and is_written(options.index_out, embeddings, settings):
        say(options, f"Index: nothing to do, {options.index_out} is already there")
        return DONE
    index = build_index(embeddings, settings)
    write_index(options.index_out, index)
    recall = measure_recall(index)
    say(options, f"Index of {len(embeddings)} specimens ({index.settings.kind}), in {options.index_out}")
    say(options, f"On a sample, it finds {recall:.1%} of the 10 exact neighbours")
    return DONE


def _add_explain(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "explain", common)
    parser.add_argument("--run", dest="run_folder", type=Path, required=True, help="folder of a run")
    parser.add_argument("--query", required=True, metavar="ID", help="a specimen id, or the end of one")
    parser.add_argument("--other", required=True, metavar="ID", help="the specimen to compare it with")
    parser.add_argument("--pairs", type=whole_number, default=4, help="number of pairs of views (4)")
    parser.add_argument(
        "--show",
        choices=SHOWN,
        default=SHOWN[0],
        help="views only; where: the parts that matter, found by covering; similar patches; attention (views)",
    )
    parser.add_argument("--where", dest="show", action="store_const", const="where", help="same as --show where")
    parser.add_argument("--weights", type=Path, help="weights file of the backbone")
    parser.add_argument("--no-download", action="store_true", help="never download weights")
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    run = run_of(options.run_folder)
    ids = read_embeddings(run.matrix_path, run.ids_path, mapped=True).ids
    names = [resolve_id(name, ids) for name in (options.query, options.other)]
    shown = "" if options.show == "views" else f"_{options.show}"
    path = options.out / f"explain_{'_and_'.join(name.replace('/', '__') for name in names)}{shown}.png"
    features = [sha256_of_file(file_of_specimen(run.features, name, ".npy")) for name in names]
    made_from = fingerprint("explain", core.__version__, run.config(), names, features, options.show, options.pairs)

    def make() -> tuple[ViewPair, ...]:
        return _draw(options, run, names, path)

    pairs = write_once(
        options.out,
        path.stem,
        made_from,
        [path],
        make,
        options.overwrite,
        subject=f"{names[0]} and {names[1]} of {run.root}",
    )
    if pairs is None:
        say(options, f"Explain: nothing to do, {path} is already there")
        return DONE
    say(options, f"Views of {names[0]} and {names[1]} that match best:")
    for pair in pairs:
        say(options, f"{pair.similarity:.4f}  view {pair.query_view:02d} = view {pair.other_view:02d}")
    say(options, f"Written to {path}")
    return DONE


def _draw(options: argparse.Namespace, run: RunFolder, names: list[str], path: Path) -> tuple[ViewPair, ...]:
    """Describe two specimens, draw their best pairs of views, and return the pairs."""
    describer = Describer(run, weights=options.weights, download=not options.no_download)
    query, other = (describer.describe(file_of(run, name)) for name in names)
    pairs = explain(query.features, other.features, count=options.pairs)
    images = [np.array(query.views.images), np.array(other.views.images)]
    if options.show in PAINTED:
        settings = feature_settings_of(run.config()["features"], options.weights, not options.no_download)
        images = list(paint_views(options.show, open_patches(settings), query.views, other.views, pairs))
    for pair in pairs if options.show == "where" else ():
        one, two = pair.query_view, pair.other_view
        images[0][one] = occlusion_picture(describer.extractor, query.views, one, other.features[two])
        images[1][two] = occlusion_picture(describer.extractor, other.views, two, query.features[one])
    write_picture(path, draw_pairs(pairs, images[0], images[1]))
    return pairs


def _add_register(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "register", common)
    parser.add_argument(
        "--query", type=Path, required=True, metavar="FILE", help="the fixed mesh; it is coloured by distance"
    )
    parser.add_argument("--other", type=Path, required=True, metavar="FILE", help="the mesh to align to it")
    parser.add_argument(
        "--scale",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="scale the other mesh to the centroid size of the query",
    )
    parser.add_argument("--mirror", action="store_true", help="try the mirror image of the other mesh as well")
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_register)


def _register(options: argparse.Namespace) -> int:
    from core.meshes import RegistrationSettings

    settings = RegistrationSettings(scale=options.scale, mirror=options.mirror, seed=options.seed)
    stem = options.out / f"register_{stem_of(options.query)}_and_{stem_of(options.other)}"
    files = [stem.with_name(stem.name + suffix) for suffix in (".ply", ".png", ".json")]
    hashes = [sha256_of_file(path) if path.is_file() else "" for path in (options.query, options.other)]
    made_from = fingerprint("register", core.__version__, hashes, asdict(settings))

    def make() -> tuple[Registration, float, bool, bool]:
        return _align(options, settings, files)

    outcome = write_once(
        options.out,
        stem.name,
        made_from,
        files,
        make,
        options.overwrite,
        subject=f"{options.query} and {options.other}",
    )
    if outcome is None:
        say(options, f"Register: nothing to do, {files[0]} is already there")
        return DONE
    found, limit, has_sides, is_double = outcome
    side = "mirrored, " if found.is_mirrored else ""
    say(options, f"{options.other} aligned to {options.query}: {side}scaled {found.scale:.4g} times")
    say(
        options, f"RMS distance {found.rms:.4g}, Hausdorff distance {found.hausdorff:.4g}, in units of the query's file"
    )
    if has_sides:
        say(options, f"Colours from {-limit:.4g} (blue, the query lies inside) to {limit:.4g} (red, outside)")
    else:
        say(options, f"Colours from 0 to {limit:.4g} (red); a point cloud has no inside")
    if is_double:
        say(options, "The coordinates in the PLY file are of double precision, since single would lose the form")
    say(options, f"Written to {stem}.ply, .png and .json")
    return DONE


def _align(
    options: argparse.Namespace, settings: RegistrationSettings, files: list[Path]
) -> tuple[Registration, float, bool, bool]:
    """Align two meshes, and write the coloured mesh, its picture and the numbers.

    Returns
    -------
    tuple
        The registration, the distance of the strongest colour, whether distances have a sign, and
        whether the PLY file has double precision.
    """
    from core.meshes import needs_double, register
    from core.scenes import draw_differences, with_distances

    query, other = mesh_of_file(options.query), mesh_of_file(options.other)
    found = register(query, other, settings)
    if found.has_failed:
        raise SpecimenError(
            f"{options.other} could not be aligned to {options.query}: {found.overlap:.0%} of their surfaces overlap.",
            advice="Their forms may differ. Try --mirror, or --scale if their units differ.",
        )
    coloured, limit = with_distances(query, found)
    write_ply(files[0], coloured)
    write_picture(files[1], draw_differences(query, found))
    numbers = {"scale": found.scale, "is_mirrored": found.is_mirrored, "rms": found.rms, "hausdorff": found.hausdorff}
    about = {"overlap": found.overlap, "other_to_query": found.other_to_query.tolist(), "settings": asdict(settings)}
    write_json(files[2], {"query": options.query.name, "other": options.other.name, **numbers, **about})
    return found, limit, not other.is_point_cloud, needs_double(query.vertices)


def _add_duplicates(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = add_command(commands, "duplicates", common)
    flags.add_embedding_flags(parser)
    usual = DuplicateSettings()
    parser.add_argument(
        "--threshold", type=number, default=usual.threshold, help=f"largest distance of a pair ({usual.threshold})"
    )
    parser.add_argument(
        "--metric",
        choices=("cosine", "euclidean"),
        default=usual.metric,
        help=f"distance between embeddings ({usual.metric})",
    )
    parser.add_argument(
        "--run", dest="run_folder", type=Path, help="folder of a run; its catalogue tells identical files"
    )
    parser.add_argument("--out", type=Path, default=Path("results"), help="output folder (results)")
    flags.add_overwrite_flag(parser)
    parser.set_defaults(run=_duplicates)


def _duplicates(options: argparse.Namespace) -> int:
    if options.run_folder is None:
        embeddings, sha256 = read_embeddings(options.emb, options.ids, mapped=True), None
    else:
        run = run_of(options.run_folder)
        embeddings, sha256 = read_embeddings(run.matrix_path, run.ids_path, mapped=True), hashes_of(run)
    settings = DuplicateSettings(threshold=options.threshold, metric=options.metric)
    path = options.out / "duplicates.csv"
    found = duplicates_into(options.out, embeddings, settings, sha256, overwrite=options.overwrite)
    if found is None:
        say(options, f"Duplicates: nothing to do, {path} is already there")
        return DONE
    for note in found.notes:
        say(options, f"Note: {note}")
    for pair in found.pairs:
        say(options, f"{pair.group:4d}  {pair.distance:.4f}  {pair.specimen_id}  =  {pair.other_id}  ({pair.kind})")
    say(options, f"{len(found.pairs)} pairs in {len(found.groups)} groups within {options.threshold:g}, in {path}")
    return DONE
