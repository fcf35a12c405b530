"""The documented command line: commands, flags, defaults, spellings, --config."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, strategies as st

from core.cli import build_parser, cluster_settings, main, parse
from core.clusters import ClusterSettings
from core.foundation import SettingError
from tests.fakes import PROJECT

# The documented interface that scripts rely on. A value of None means that no default is documented.
EMBEDDINGS = {"--emb": None, "--ids": None}
VIEWS = {"--views": 12, "--backend": "auto", "--appearance": "gray"}
CLUSTERS = {
    "--method": "hdbscan",
    "--normalize": "l2",
    "--pca": 64,
    "--min_cluster_size": 10,
    "--min_samples": 1,
    "--cluster_selection_method": "leaf",
    "--pca_report": None,
    "--umap": False,
    "--umap_n_components": 15,
    "--umap_n_neighbors": 30,
    "--umap_min_dist": 0.0,
    "--umap_metric": "cosine",
}
COMMON = {"--config": None, "--seed": 42, "--quiet": False, "--log-level": None}
OVERWRITE = {"--overwrite": False}
CONTRACT: dict[str, dict[str, object]] = {
    "samples": {"--out": Path("data/meshes"), "--per-category": 8, **OVERWRITE},
    "render": {"--in": Path("data/meshes"), "--out": Path("data/renders"), "--size": 768, **VIEWS, **OVERWRITE},
    "extract": {
        "--renders": Path("data/renders"),
        "--out": Path("data/features"),
        "--model": "dinov2_vits14",
        "--device": "auto",
        "--batch-size": 16,
        "--image-size": None,
        "--weights": None,
        **OVERWRITE,
    },
    "pool": {"--features": Path("data/features"), "--out": Path("data/embeddings"), "--pool": "mean", **OVERWRITE},
    "search": {
        **EMBEDDINGS,
        "--query": None,
        "--topk": 10,
        "--metric": "cosine",
        "--out": Path("results"),
        **OVERWRITE,
    },
    "search-all": {**EMBEDDINGS, "--topk": 10, "--metric": "cosine", "--out": Path("data/knn_results"), **OVERWRITE},
    "cluster": {
        **EMBEDDINGS,
        "--out": Path("results"),
        "--labels": None,
        "--metric": "cosine",
        **CLUSTERS,
        **OVERWRITE,
    },
    "cluster-sweep": {**EMBEDDINGS, "--out": Path("results/sweep"), "--labels": None, **OVERWRITE},
    "evaluate": {**EMBEDDINGS, "--labels": "category", "--out": Path("results/evaluation"), **OVERWRITE},
    "run": {
        "--workspace": Path("data"),
        "--name": None,
        "--in": None,
        "--size": None,
        **VIEWS,
        "--model": None,
        "--device": "auto",
        "--batch-size": 16,
        "--image-size": None,
        "--weights": None,
        "--pool": "mean",
        "--topk": 10,
        "--metric": "cosine",
        **CLUSTERS,
        **OVERWRITE,
    },
    "doctor": {},
}
HEAVY = ("torch", "timm", "open3d", "openvino", "sklearn", "hdbscan", "umap", "numba", "pyvista", "pandas", "streamlit")


@pytest.mark.parametrize("command", CONTRACT)
def test_build_parser__has_every_flag_of_the_contract(command: str) -> None:
    """Every documented flag exists, with the documented default."""
    parser = build_parser()[1][command]
    by_flag = {option: action for action in parser._actions for option in action.option_strings}
    for flag, default in {**CONTRACT[command], **COMMON}.items():
        action = by_flag[flag.replace("_", "-")]
        if default is not None:
            assert (flag, action.default) == (flag, default)
            assert type(action.default) is type(default)


def test_build_parser__explains_every_flag() -> None:
    """`--help` has a text for every flag, and prints on any terminal."""
    for name, parser in build_parser()[1].items():
        assert parser.format_help().startswith(f"usage: python -m core {name}")
        for action in parser._actions:
            assert action.help, f"{name} {action.option_strings}"


@pytest.mark.parametrize("command", CONTRACT)
def test_parse__takes_both_spellings(command: str) -> None:
    """`--min_cluster_size` and `--min-cluster-size`, with a blank or an equals sign."""
    parser = build_parser()[1][command]
    required = ["--query", "a_b"] if command == "search" else []
    for action in parser._actions:
        for flag in action.option_strings:
            if not flag.startswith("--") or "-" not in flag[2:] or flag.startswith("--no-"):
                continue
            value = value_for(action)
            given = [[flag.replace("-", "_").replace("__", "--", 1), *value], [flag, *value]]
            results = [vars(parse([command, *required, *words])) for words in given]
            assert results[0] == results[1]


def value_for(action: argparse.Action) -> list[str]:
    """Return a value that a flag accepts."""
    if action.nargs == 0:
        return []
    return [str(next(iter(action.choices)))] if action.choices else ["7"]


def test_parse__leaves_underscores_in_values_alone() -> None:
    """Only the flag has two spellings.

    A specimen's id has one.
    """
    assert parse(["search", "--query", "a_b"]).query == "a_b"
    assert parse(["search", "--query=--a_b"]).query == "--a_b"


@pytest.mark.parametrize(
    ("words", "prose"),
    [
        (
            ["search", "--query", "a", "--topq", "3"],
            r"`python -m core search` does not know '--topq'\. Did you mean --topk",
        ),
        (["search", "--query", "a", "--top", "3"], "does not know '--top'. Did you mean --topk?"),
        (["search", "--query", "a", "b"], "does not know 'b'"),
        (["search"], "required: --query.*See `python -m core search --help`"),
        (["serch"], r"invalid choice: 'serch' \(choose from .*'search'"),
        ([], "required: COMMAND"),
        (["render", "--views", "many"], r"--views: a whole number is needed \(got many\)"),
        (["render", "--views", "1.5"], r"--views: a whole number is needed \(got 1\.5\)"),
        (["cluster", "--umap-min-dist", "x"], r"--umap-min-dist: a number is needed \(got x\)"),
        (["render", "--appearance", "grey"], r"--appearance: invalid choice: 'grey' \(choose from 'gray', 'colour'"),
        (["render", "--views"], "--views: expected one argument"),
        (["cluster", "--pca", "lots"], r"'pca' must be a number \(got lots\)\. Examples: 0, 64 or 0\.95"),
    ],
)
def test_main__names_a_wrong_argument(words: list[str], prose: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 and one line: what is given, what is allowed, what to do."""
    import re

    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert re.search(prose, captured.err)


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_main__helps(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help and version end with status 0."""
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert capsys.readouterr().out


def configured(folder: Path, text: str, *words: str) -> argparse.Namespace:
    """Parse a call of `cluster` with a configuration."""
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return parse(["cluster", "--config", str(path), *words])


def test_config__gives_defaults_below_flags(tmp_path: Path) -> None:
    """The file replaces the program's defaults.

    A flag takes precedence over the file.
    """
    text = "min_cluster_size: 5\nmin-samples: 3\numap: true\npca: 0.9\nout: elsewhere\nseed: 7\n"
    options = configured(tmp_path, text, "--min-samples", "4")
    assert (options.min_cluster_size, options.min_samples, options.umap, options.pca) == (5, 4, True, 0.9)
    assert (options.out, options.seed, options.topk if "topk" in options else None) == (Path("elsewhere"), 7, None)
    assert configured(tmp_path, text, "--no-umap").umap is False


def test_config__is_found_behind_an_equals_sign(tmp_path: Path) -> None:
    """As argparse takes any flag."""
    (tmp_path / "a.yaml").write_text("topk: 3\nquery: some/id\n", encoding="utf-8")
    options = parse(["search", f"--config={tmp_path / 'a.yaml'}"])
    assert (options.topk, options.query) == (3, "some/id")


@pytest.mark.parametrize(
    ("text", "value"), [("no_umap: true", False), ("no_umap: false", True), ("umap: false", False), ("umap:", False)]
)
def test_config__understands_no(tmp_path: Path, text: str, value: bool) -> None:
    """A negated flag, and a flag without a value."""
    assert configured(tmp_path, text).umap is value


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n"])
def test_config__may_be_empty(tmp_path: Path, text: str) -> None:
    """All defaults hold."""
    assert configured(tmp_path, text).min_cluster_size == 10


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (
            "min_clster_size: 5",
            r"has 'min_clster_size', which is no flag of this command\. Did you mean min_cluster_size",
        ),
        ("topk: 5", r"has 'topk', which is no flag .*Allowed: cluster_selection_epsilon, "),
        ("config: other.yaml", "has 'config', which is no flag"),
        ("min_cluster_size: five", r"'min_cluster_size' in the configuration: a whole number is needed \(got five\)"),
        ("min_cluster_size: true", r"'min_cluster_size' in the configuration needs one value \(got True\)"),
        ("min_cluster_size: [1, 2]", r"'min_cluster_size' in the configuration: a whole number is needed \(got 1,2\)"),
        ("min_cluster_size: {a: 2}", r"'min_cluster_size' in the configuration needs one value \(got {'a': 2}\)"),
        ("umap: 'yes'", r"'umap' in the configuration must be true or false \(got yes\)"),
        ("overwrite: 1", r"'overwrite' in the configuration must be true or false \(got 1\)"),
        ("method: kmeans++", r"'method' in the configuration: invalid choice"),
        ("- a\n- b", "must hold `flag: value` lines"),
        ("a: b: c", "is not YAML"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_config__says_what_is_wrong(tmp_path: Path, text: str, prose: str) -> None:
    """An error in the file is named as on the command line, and no code in it is executed."""
    with pytest.raises(SettingError, match=prose):
        configured(tmp_path, text)


def test_config__that_cannot_be_read(tmp_path: Path) -> None:
    """A wrong path, a folder, another encoding."""
    (tmp_path / "latin.yaml").write_bytes("name: Zähne".encode("latin-1"))
    for name in ("nowhere.yaml", "."):
        with pytest.raises(SettingError, match="cannot be read"):
            parse(["pool", "--config", str(tmp_path / name)])
    with pytest.raises(SettingError, match="is not YAML"):
        parse(["pool", "--config", str(tmp_path / "latin.yaml")])


@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "min_cluster_size": st.integers(2, 50),
            "min_samples": st.integers(1, 9),
            "pca": st.one_of(st.just(0), st.integers(2, 64), st.floats(0.1, 0.99)),
            "umap": st.booleans(),
            "umap_min_dist": st.floats(0, 1),
            "normalize": st.sampled_from(["l2", "none"]),
            "seed": st.integers(0, 2**31),
        },
    )
)
def test_config__says_the_same_as_flags(tmp_path: Path, values: dict[str, object]) -> None:
    """Any flag can be given in the file, with the same meaning."""
    words = []
    for name, value in values.items():
        flag = "--" + name.replace("_", "-")
        words += ([flag] if value else ["--no-umap"]) if isinstance(value, bool) else [f"{flag}={value}"]
    by_file = cluster_settings(configured(tmp_path, yaml.safe_dump(values)))
    assert by_file == cluster_settings(parse(["cluster", *words]))
    assert isinstance(by_file, ClusterSettings)


def test_help__needs_nothing_heavy() -> None:
    """`--help` imports no networks, viewers or compilers."""
    script = (
        "import sys\nfrom core.cli.main import build_parser\nbuild_parser()\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    child = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"


def test_module__can_be_called() -> None:
    """The exit status of `python -m core` is that of the command."""
    for words, status in ((["--help"], 0), (["nonsense"], 1)):
        child = subprocess.run([sys.executable, "-m", "core", *words], cwd=PROJECT, capture_output=True, check=False)
        assert child.returncode == status


def test_module__ends_quietly_on_a_closed_pipe() -> None:
    """`python -m core … | head -1` ends quietly."""
    command = f"{sys.executable} -m core backbones | head -1; exit ${{PIPESTATUS[0]}}"
    child = subprocess.run(["bash", "-c", command], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")
