"""Turn the bill of materials of an environment into the app's: `make sbom`.

CycloneDX's tool lists what is installed in `.venv`, with licences and dependencies. Here the test tools
are left out, the hashes of `requirements.lock` are added, and the document is checked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.locks import Locked, normalised, read_lock, read_pins

PROJECT = Path(__file__).resolve().parents[1]
LISTED, LOCK = "requirements.txt", "requirements.lock"


def app_document(installed: Mapping[str, Any], locked: Sequence[Locked], direct: Sequence[str]) -> dict[str, Any]:
    """Return the document of the app alone.

    Parameters
    ----------
    installed
        Document of the whole environment.
    locked
        Packages of the app that belong on this system.
    direct
        Names of the packages that the app itself imports.

    Raises
    ------
    ValueError
        If a package is not installed in the version of the lock file.
    """
    packages = {package.name: package for package in locked}
    components = {normalised(each["name"]): each for each in installed["components"]}
    for name, package in packages.items():
        found = components[name]["version"] if name in components else "nothing"
        if found != package.version:
            raise ValueError(f"{LOCK} has {name}=={package.version}, .venv has {found}. Run `make setup` first.")
    kept = [_with_hashes(components[name], package) for name, package in packages.items()]
    refs = {each["bom-ref"] for each in kept}
    root = installed["metadata"]["component"]["bom-ref"]
    needed = {each["ref"]: sorted(refs.intersection(each.get("dependsOn", []))) for each in installed["dependencies"]}
    needed[root] = sorted(components[name]["bom-ref"] for name in direct)
    graph = [
        {"ref": ref, "dependsOn": others} if others else {"ref": ref}
        for ref, others in sorted(needed.items())
        if ref in refs or ref == root
    ]
    return {**installed, "components": kept, "dependencies": graph}


def _with_hashes(component: Mapping[str, Any], package: Locked) -> dict[str, Any]:
    """Return a component with the hashes of the files that the lock file allows."""
    files = {
        "type": "distribution",
        "url": LOCK,
        "comment": "hashes of the files that may be installed",
        "hashes": [{"alg": "SHA-256", "content": value} for value in package.hashes],
    }
    return {**component, "externalReferences": [*component.get("externalReferences", []), files]}


def main() -> int:
    """Read the document of the environment, write the app's, and return an exit status."""
    # These are there in the environment of the tools alone.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from packaging.markers import Marker

    source, target = map(Path, sys.argv[1:])
    locked = [each for each in read_lock(PROJECT / LOCK) if not each.marker or Marker(each.marker).evaluate()]
    try:
        installed = json.loads(source.read_text(encoding="utf-8"))
        document = app_document(installed, locked, list(read_pins(PROJECT / LISTED)))
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text)
    if wrong is not None:
        print(f"Error: the document does not keep to the schema of CycloneDX: {wrong}", file=sys.stderr)
        return 1
    target.write_text(text, encoding="utf-8")
    print(f"{target}: {len(document['components'])} packages, CycloneDX {document['specVersion']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
