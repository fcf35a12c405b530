"""The folders and files of a workspace and of a run."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.foundation import BusyError, CoreError, MissingStageError, NewerVersionError, SettingError, WorkspaceError
from core.storage import fingerprint, is_reserved, read_json
from core.workspace.catalogue import Catalogue
from core.workspace.places import present_input

_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")
# Format of `config.json`; a higher number was written by a newer version of this program.
CONFIG_FORMAT = 1
RUNS_FOLDER = "runs"
# Ids by which the input folder of a run is recognised in a moved workspace.
_IDS_LOOKED_FOR = 50
_CONFIG_PARTS = ("views", "features", "search", "clusters", "versions")
# A run that ends puts configuration and embeddings in place one after the other.
_ATTEMPTS, _SECONDS_BETWEEN_ATTEMPTS = 5, 0.05
_RUN_AGAIN = "Start a run of the same name again with `python -m core run --name`: what it has done is kept."


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run: its configuration and the files of its stages."""

    root: Path

    @property
    def name(self) -> str:
        """Return the name of the run."""
        return self.root.name

    @property
    def config_path(self) -> Path:
        """Return the file that records settings and versions of the embeddings beside it."""
        return self.root / "config.json"

    @property
    def next_config_path(self) -> Path:
        """Return the file that records what is being made, until the run has ended."""
        return self.root / "config.next.json"

    @property
    def renders(self) -> Path:
        """Return the folder of views, which is missing if views are not kept."""
        return self.root / "renders"

    @property
    def features(self) -> Path:
        """Return the folder of view features."""
        return self.root / "features"

    @property
    def embeddings(self) -> Path:
        """Return the folder of the embeddings, their matrix and ids."""
        return self.root / "embeddings"

    @property
    def matrix_path(self) -> Path:
        """Return the file of the embedding matrix."""
        return self.embeddings / "embeddings.npy"

    @property
    def ids_path(self) -> Path:
        """Return the file of the ids in row order."""
        return self.embeddings / "ids.txt"

    @property
    def knn_results(self) -> Path:
        """Return the folder of the neighbours of every specimen."""
        return self.root / "knn_results"

    @property
    def results(self) -> Path:
        """Return the folder of clusters and evaluations."""
        return self.root / "results"

    @property
    def is_complete(self) -> bool:
        """Return whether the run has embeddings."""
        return self.matrix_path.is_file() and self.ids_path.is_file()

    @property
    def is_being_made_again(self) -> bool:
        """Return whether the run has embeddings, and has begun anew without having ended."""
        return self.is_complete and self.next_config_path.is_file()

    def config(self) -> dict[str, Any]:
        """Return the configuration that the embeddings were made with.

        Raises
        ------
        MissingStageError, WorkspaceError
            If the run was never started, or its configuration is damaged or not that of the
            embeddings beside it.
        """
        if not self.config_path.is_file():
            raise MissingStageError(
                "There is no run called {name!r} here.", advice="Start one with `python -m core run`.", name=self.name
            )
        for attempt in range(_ATTEMPTS):
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS if attempt else 0)
            config = read_json(self.config_path)
            _check_config(self.config_path, config)
            if self._describes_embeddings(config):
                return self.with_present_input(config)
        raise WorkspaceError(
            "{path} is not the configuration that the embeddings beside it were made with.",
            advice="The run was interrupted while they were put in place. Start a run of the same name again with "
            "`python -m core run --name`: what it has done is kept.",
            path=self.config_path,
        )

    def with_present_input(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a configuration with the place of the input folder now, if the workspace was moved."""
        if self.root.parent.name != RUNS_FOLDER or "input" not in config:
            return dict(config)
        root, relative = self.root.resolve().parent.parent, config.get("input_in_workspace")
        return {**config, "input": present_input(root, config["input"], relative, self._first_ids)}

    def _first_ids(self) -> list[str]:
        try:
            with self.ids_path.open(encoding="utf-8") as stream:
                return [line.rstrip("\n") for line in islice(stream, _IDS_LOOKED_FOR)]
        except (OSError, UnicodeDecodeError):
            return []

    def _describes_embeddings(self, config: Mapping[str, Any]) -> bool:
        """Return whether the embeddings were made with a configuration, as far as their record says."""
        record_path = self.matrix_path.with_suffix(".json")
        is_known = isinstance(config.get("views"), dict) and isinstance(config.get("features"), dict)
        if not is_known or not self.is_complete or not record_path.is_file():
            return True
        record = read_json(record_path)
        recorded = record.get("made_with") if isinstance(record, dict) else None
        return recorded is None or recorded == embeddings_made_with(config)


def features_made_with(config: Mapping[str, Any]) -> str:
    """Return a fingerprint of the settings of a configuration that decide view features."""
    return fingerprint("view features", *(config.get(name) for name in ("stages", "views", "features")))


def embeddings_made_with(config: Mapping[str, Any]) -> str:
    """Return a fingerprint of the settings of a configuration that decide embeddings."""
    return fingerprint("embeddings", features_made_with(config), config.get("pool"))


def _check_config(path: Path, config: object) -> None:
    """Raise an error if this program cannot read a configuration."""
    if not isinstance(config, dict):
        raise WorkspaceError("{path} is not a configuration.", advice=_RUN_AGAIN, path=path)
    version = config.get("format", CONFIG_FORMAT)
    if not isinstance(version, int):
        raise WorkspaceError(
            "{path} is damaged: its format is {version!r}.", advice=_RUN_AGAIN, path=path, version=str(version)[:40]
        )
    if version > CONFIG_FORMAT:
        raise NewerVersionError(
            "{path} was written by a newer version of this program (format {version}, here {config_format}).",
            advice="Update FossilViT Explorer.",
            path=path,
            version=version,
            config_format=CONFIG_FORMAT,
        )
    for name, kind in (("input", str), ("pool", str), *((part, dict) for part in _CONFIG_PARTS)):
        if not isinstance(config.get(name, kind()), kind):
            raise WorkspaceError(
                "{path} is damaged: its part {name!r} cannot be understood.", advice=_RUN_AGAIN, path=path, name=name
            )


@dataclass(frozen=True)
class Workspace:
    """A folder that holds a collection and all results.

    Examples
    --------
    >>> from pathlib import Path
    >>> from core.workspace import Workspace
    >>> Workspace(Path("data")).run("dinov2").matrix_path.as_posix()
    'data/runs/dinov2/embeddings/embeddings.npy'
    """

    root: Path

    @property
    def meshes(self) -> Path:
        """Return the default input folder, to which only samples and uploads write."""
        return self.root / "meshes"

    @property
    def catalogue_path(self) -> Path:
        """Return the SQLite file of specimens, runs and jobs."""
        return self.root / "catalogue.sqlite"

    @property
    def thumbnails(self) -> Path:
        """Return the folder of small pictures, named by the SHA-256 of specimen files."""
        return self.root / "thumbnails"

    @property
    def previews(self) -> Path:
        """Return the folder of decimated meshes, named by the SHA-256 of specimen files."""
        return self.root / "previews"

    @property
    def logs(self) -> Path:
        """Return the folder of the logs of jobs."""
        return self.root / "logs"

    @property
    def runs_folder(self) -> Path:
        """Return the folder of runs."""
        return self.root / RUNS_FOLDER

    def thumbnail_of(self, sha256: str) -> Path:
        """Return the path of the small picture of a file with this SHA-256."""
        return self.thumbnails / sha256[:2] / f"{sha256}.webp"

    def preview_of(self, sha256: str) -> Path:
        """Return the path of the decimated mesh of a file with this SHA-256."""
        return self.previews / sha256[:2] / f"{sha256}.ply"

    def run(self, name: str) -> RunFolder:
        """Return a run by its name, whether it exists or not.

        Raises
        ------
        SettingError
            If the name cannot be a folder on every system.
        """
        if not _RUN_NAME.fullmatch(name) or is_reserved(name) or name.endswith((" ", ".")):
            raise SettingError(
                "{name!r} cannot be the name of a run.",
                advice="Take up to 64 letters, digits, spaces and . _ + - and begin with a letter or digit.",
                name=name,
            )
        return RunFolder(self.runs_folder / name)

    def runs(self) -> list[RunFolder]:
        """Return the runs that have a configuration, newest first."""
        if not self.runs_folder.is_dir():
            return []
        # Hidden folders are remainders of deleted runs.
        paths = (path for path in self.runs_folder.iterdir() if not path.name.startswith("."))
        folders = [RunFolder(path) for path in paths if (path / "config.json").is_file()]
        return sorted(folders, key=lambda run: run.config_path.stat().st_mtime_ns, reverse=True)

    @contextmanager
    def locked(self, *, seconds: float = 1.0) -> Iterator[None]:
        """Hold the lock of this workspace, so that one process at a time works on it.

        The lock of a process ends with it.

        Parameters
        ----------
        seconds : float
            Time to wait for the lock.

        Raises
        ------
        BusyError
            If another process holds the lock.
        WorkspaceError
            If the folder is missing, or its file system has no locks.
        """
        lock = FileLock(self.root / ".lock")
        try:
            # `is_locked` of another process holds the lock for a moment.
            lock.acquire(timeout=seconds, poll_interval=0.02)
        except Timeout as error:
            raise BusyError(
                "Another run is working on the workspace {workspace}.",
                advice="Wait until it is done, cancel it in the app, or take another --workspace.",
                workspace=self.root,
            ) from error
        except (OSError, NotImplementedError) as error:
            raise WorkspaceError(
                "The workspace {workspace} cannot be locked ({reason}).",
                advice="Check its permissions, or take a folder on a local disk with --workspace.",
                workspace=self.root,
                reason=error,
            ) from error
        try:
            yield
        finally:
            lock.release()

    def is_locked(self) -> bool:
        """Return whether a process, such as a command in a terminal, holds the lock."""
        try:
            with self.locked(seconds=0):
                return False
        except BusyError:
            return True


def open_workspace(root: Path) -> Workspace:
    """Open a workspace, making its folders if they are missing.

    Raises
    ------
    WorkspaceError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from core.workspace import open_workspace
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     workspace = open_workspace(Path(folder) / "data")
    ...     workspace.meshes.is_dir(), workspace.runs()
    (True, [])
    """
    workspace = Workspace(root.expanduser().resolve())
    try:
        for folder in (workspace.meshes, workspace.runs_folder):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=workspace.root):
            pass
    except OSError as error:
        reason = "there is a file of that name" if workspace.root.is_file() else error.strerror or error
        raise WorkspaceError(
            "The workspace {workspace} cannot be written ({reason}).",
            advice="Check its permissions and the free space, or take another folder with --workspace.",
            workspace=workspace.root,
            reason=reason,
        ) from error
    if workspace.catalogue_path.is_file():
        # Commands that read the catalogue report its damage.
        with suppress(CoreError):
            Catalogue(workspace.catalogue_path).adopt_moved_sources()
    return workspace
