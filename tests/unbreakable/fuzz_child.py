"""A process that reads damaged files and says how each went.

    python -m tests.unbreakable.fuzz_child FOLDER

A line of JSON in, `kind` and `number`; one out, what became of it. Its memory is limited to two
gigabytes more than it has when everything is loaded.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from core.foundation import CoreError
from tests.unbreakable.mutations import mutated
from tests.unbreakable.readers import Kind, kinds

SPARE_BYTES = 2 * 2**30


def limit_memory() -> None:
    """Let this process have two gigabytes more than it has."""
    if sys.platform == "linux":
        import resource

        has = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (has + SPARE_BYTES, has + SPARE_BYTES))


def damaged(name: str, kind: Kind, number: int) -> bytes:
    """Return the file of a number: first those that are whole or known to be odd, then damaged ones."""
    if number < len(kind.wholes):
        return kind.wholes[number]
    chance = np.random.default_rng([zlib.crc32(name.encode()), number])
    return mutated(kind.wholes[int(chance.integers(len(kind.wholes)))], chance, kind.wholes)


def outcome(kind: Kind, data: bytes, folder: Path) -> str:
    """Read a file as the product does."""
    path = folder / f"damaged{kind.suffix}"
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(path)
    except CoreError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except BaseException:  # noqa: BLE001  whatever else comes out is what is looked for
        return "".join(traceback.format_exc())[-1500:]
    finally:
        path.unlink(missing_ok=True)
    return "read"


def main() -> None:
    """Serve until there is nothing more to read."""
    folder = Path(sys.argv[1])
    known = kinds(folder)
    for kind in known.values():  # so that what is loaded at first use is loaded
        outcome(kind, kind.wholes[0], folder)
    limit_memory()
    print(json.dumps({name: len(kind.wholes) for name, kind in known.items()}), flush=True)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        kind = known[order["kind"]]
        said = outcome(kind, damaged(order["kind"], kind, order["number"]), folder)
        print(json.dumps(said), file=replies, flush=True)


if __name__ == "__main__":
    main()
