"""Compare a list of packages with its lock file: `python -m scripts.locks requirements.txt requirements.lock`.

It runs before anything is installed and therefore needs Python alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_ENTRY = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^\s;\\]+)\s*(;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)
_VIA = re.compile(r"^#\s*(via(\s+|$))?|\[.*")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\s*\\?$")


@dataclass
class Locked:
    """A package of a lock file.

    Parameters
    ----------
    name, version : str
        Its normalised name and its exact version.
    marker : str
        Where it is installed, empty for everywhere.
    hashes : list of str
        SHA-256 of the files that may be installed.
    asked_by : list of str
        Names of the packages that need it, and `-r FILE` for a list that names it.
    """

    name: str
    version: str
    marker: str = ""
    hashes: list[str] = field(default_factory=list)
    asked_by: list[str] = field(default_factory=list)


def normalised(name: str) -> str:
    """Return a package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> list[Locked]:
    """Return the packages of a lock file.

    Raises
    ------
    ValueError
        If a line is not a package, a hash or a comment.
    """
    packages: list[Locked] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("#"):
            asked = _VIA.sub("", text)
            # A constraint (`-c`) asks for nothing.
            if packages and asked and not asked.startswith("-c "):
                packages[-1].asked_by.append(asked if asked.startswith("-r ") else normalised(asked))
        elif packages and (hashed := _HASH.match(text)):
            packages[-1].hashes.append(hashed[1])
        elif entry := _ENTRY.match(line):
            packages.append(Locked(normalised(entry["name"]), entry["version"], entry["marker"] or ""))
        elif text:
            raise ValueError(f"{path.name}, line {number}: neither a package nor a hash: {text}. Run `make lock`.")
    return packages


def read_pins(path: Path) -> dict[str, tuple[str, str]]:
    """Return version and list of every package that a list names, those of lists it includes as well.

    Raises
    ------
    ValueError
        If a line gives no exact version.
    """
    pins: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-r "):
            pins |= read_pins(path.parent / text.removeprefix("-r ").strip())
        elif entry := _ENTRY.match(text):
            pins[normalised(entry["name"])] = (entry["version"], path.name)
        elif text:
            raise ValueError(f"{path.name}, line {number}: no exact version: {text}. Write it as name==version.")
    return pins


def differences(listed: Path, lock: Path) -> Iterator[str]:
    """Yield a sentence for everything in which a lock file differs from its list."""
    pins = read_pins(listed)
    packages = read_lock(lock)
    versions: dict[str, set[str]] = {}
    for package in packages:
        versions.setdefault(package.name, set()).add(package.version)
    for name, (version, source) in pins.items():
        found = ", ".join(sorted(versions.get(name, {"nothing"})))
        if found != version:
            yield f"{source} names {name}=={version}, {lock.name} has {found}."
    explained = _explained(packages, pins)
    for package in packages:
        if not package.hashes:
            yield f"{package.name}=={package.version} of {lock.name} has no hash."
        if package.name not in explained:
            yield f"{package.name}=={package.version} of {lock.name} is needed by nothing in {listed.name}."


def _explained(packages: list[Locked], pins: dict[str, tuple[str, str]]) -> set[str]:
    """Return the packages that are named in the list, or needed by one that is."""
    explained = set(pins)
    while True:
        more = {each.name for each in packages if explained.intersection(each.asked_by)} - explained
        if not more:
            return explained
        explained |= more


def main() -> int:
    """Compare the two given files and return an exit status."""
    listed, lock = map(Path, sys.argv[1:])
    try:
        found = list(differences(listed, lock))
    except (OSError, ValueError) as error:
        found = [str(error)]
    if found:
        advice = f"{lock} does not fit {listed}. Run `make lock`, then call make again."
        print(advice, *found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
