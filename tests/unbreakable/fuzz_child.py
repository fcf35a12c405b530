"""A child process that reads damaged files and reports the outcome of each.

    python -m tests.unbreakable.fuzz_child FOLDER

A request is a line of JSON with `kind` and `number`; the answer is a line with the outcome. Memory is
limited to two gigabytes more than the process uses once all modules are loaded.
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
    """Limit the memory of this process to two gigabytes more than it uses."""
    if sys.platform == "linux":
        import resource

        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + SPARE_BYTES, used + SPARE_BYTES))


def damaged(name: str, kind: Kind, number: int) -> bytes:
    """Return the file of a number.

    The first numbers are the whole and the known odd files, the others are damaged ones.
    """
    if number < len(kind.wholes):
        return kind.wholes[number]
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    return mutated(kind.wholes[int(rng.integers(len(kind.wholes)))], rng, kind.wholes)


def outcome(kind: Kind, data: bytes, folder: Path) -> str:
    """Read a file as the product does, and return the outcome."""
    path = folder / f"damaged{kind.suffix}"
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(path)
    except CoreError as error:
        return "refused" if str(error).strip() else "refused without a message"
    except BaseException:  # noqa: BLE001  the tests look for unhandled exceptions
        return "".join(traceback.format_exc())[-1500:]
    finally:
        path.unlink(missing_ok=True)
    return "read"


def main() -> None:
    """Serve requests until standard input ends."""
    folder = Path(sys.argv[1])
    known = kinds(folder)
    for kind in known.values():  # imports the modules that are loaded at first use
        outcome(kind, kind.wholes[0], folder)
    limit_memory()
    print(json.dumps({name: len(kind.wholes) for name, kind in known.items()}), flush=True)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        kind = known[request["kind"]]
        answer = outcome(kind, damaged(request["kind"], kind, request["number"]), folder)
        print(json.dumps(answer), file=replies, flush=True)


if __name__ == "__main__":
    main()
