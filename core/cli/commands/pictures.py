"""Commands that draw one specimen: turntable."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.cli.console import DONE, add_command, number, say, whole_number
from core.cli.inputs import mesh_of_file
from core.meshes import KINDS, CurvatureSettings, Mesh, curvature_of, robust_limit
from core.scenes import TurntableSettings, check_suffix, colours_of_distances, write_turntable


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add these commands to the parser."""
    usual = TurntableSettings()
    parser = add_command(commands, "turntable", common)
    parser.add_argument("--file", type=Path, required=True, help="mesh or point cloud")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="output file, .gif or .mp4")
    parser.add_argument(
        "--frames", type=whole_number, default=usual.frames, help=f"number of frames of one rotation ({usual.frames})"
    )
    parser.add_argument(
        "--size",
        type=whole_number,
        default=usual.size,
        help=f"width and height in pixels, an even number ({usual.size})",
    )
    parser.add_argument(
        "--seconds", type=number, default=usual.seconds, help=f"duration of one rotation in seconds ({usual.seconds:g})"
    )
    parser.add_argument(
        "--appearance",
        choices=("gray", "colour"),
        default=usual.appearance,
        help=f"what the pictures show of the surface ({usual.appearance})",
    )
    parser.add_argument("--curvature", choices=KINDS, help="colour the surface by this curvature")
    parser.add_argument("--background", default=usual.background, help=f"background colour ({usual.background})")
    parser.set_defaults(run=_turntable)


def _turntable(options: argparse.Namespace) -> int:
    settings = TurntableSettings(
        frames=options.frames,
        size=options.size,
        seconds=options.seconds,
        appearance="colour" if options.curvature else options.appearance,
        background=options.background,
    )
    check_suffix(options.out)
    mesh = mesh_of_file(options.file)
    if options.curvature:
        mesh = _coloured_by_curvature(mesh, options)
    write_turntable(options.out, mesh, settings)
    say(options, f"Written to {options.out}: {settings.frames} frames in {settings.seconds:g} s")
    return DONE


def _coloured_by_curvature(mesh: Mesh, options: argparse.Namespace) -> Mesh:
    values = curvature_of(mesh, CurvatureSettings(options.curvature))
    limit = robust_limit(values)
    power = "2" if options.curvature == "gaussian" else ""
    say(options, f"Colours from {-limit:.4g} (blue) to {limit:.4g} (red), in 1 / unit{power} of the file")
    return replace(mesh, vertex_colours=colours_of_distances(values, limit), corner_colours=None)
