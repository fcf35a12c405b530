"""Random, repeatable damage to files, as from disks, cables, editors and attackers."""

from __future__ import annotations

import re

import numpy as np

ABSURD = (
    b"0", b"-1", b"1", b"2147483647", b"-2147483648", b"4294967295", b"4294967296", b"9223372036854775807",
    b"99999999999999999999999", b"1e308", b"-1e400", b"nan", b"inf", b"1e-320", b"0x10", b"", b"\x00", b"\xff\xfe",
    b"1_0",
)  # fmt: skip
TOKENS = (
    b"[", b"{", b"]", b"}", b'"', b"'", b"\\", b",", b";", b"\n", b"\r", b"\t", b"null", b"true", b"&a [*a,*a]",
    b"!!python/object/apply:os.system ['touch was-run']", b"<", b">", b"&", b"%00", b"../", b"=cmd()",
    b"\xe2\x80\xae", b"\xf0\x9f\xa6\xb7",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DEEP = 100_000


def mutated(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Return a file damaged in one to three ways.

    Parameters
    ----------
    data : bytes
        A whole file.
    rng : numpy.random.Generator
        Chooses the damage.
    others : list of bytes
        Whole files of the same family, of which parts may be copied into this one.
    """
    for _ in range(int(rng.integers(1, 4))):
        ways = (_flip, _flip, _cut, _number, _number, _little_number, _splice, _repeat, _zero, _insert, _head, _nest)
        data = ways[int(rng.integers(len(ways)))](data, rng, others)
    return data


def _flip(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Flip some bits, more often near the beginning, where headers are."""
    del others
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(int(rng.choice([1, 2, 8, 64]))):
        reach = len(data) if rng.random() < 0.5 else min(len(data), 256)
        changed[int(rng.integers(reach))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    return data[: int(rng.integers(len(data) + 1))]


def _number(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Replace a number written in digits by an absurd one."""
    del others
    found = list(_NUMBER.finditer(data[:4096]))
    if not found:
        return data
    place = found[int(rng.integers(len(found)))]
    return data[: place.start()] + ABSURD[int(rng.integers(len(ABSURD)))] + data[place.end() :]


def _little_number(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Overwrite two, four or eight bytes with an absurd number."""
    del others
    width = int(rng.choice([2, 4, 8]))
    if len(data) < width:
        return data
    value = int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1, 2**31, 2**63 - 1, 255])) % 256**width
    at = int(rng.integers(min(len(data), 512 if rng.random() < 0.7 else len(data)) - width + 1))
    order = "little" if rng.random() < 0.7 else "big"
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def _splice(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    other = others[int(rng.integers(len(others)))]
    return data[: int(rng.integers(len(data) + 1))] + other[int(rng.integers(len(other) + 1)) :]


def _head(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Replace the beginning by that of another file."""
    other = others[int(rng.integers(len(others)))]
    size = int(rng.choice([4, 16, 64, 256]))
    return other[:size] + data[size:]


def _repeat(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    start, end = sorted(int(rng.integers(len(data) + 1)) for _ in range(2))
    return data[:end] + data[start:end] * int(rng.choice([1, 3, 20])) + data[end:] if end - start < 100_000 else data


def _zero(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    start, end = sorted(int(rng.integers(len(data) + 1)) for _ in range(2))
    return data[:start] + bytes(end - start) + data[end:]


def _insert(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    at = int(rng.integers(len(data) + 1))
    return data[:at] + TOKENS[int(rng.integers(len(TOKENS)))] + data[at:]


def _nest(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Insert so many opening brackets that a recursive parser runs out of stack."""
    del others
    if rng.random() < 0.8:
        return _flip(data, rng, [data])
    at = int(rng.integers(min(len(data), 64) + 1))
    return data[:at] + (b"[", b"{", b"(", b'{"a":', b"- ")[int(rng.integers(5))] * _DEEP + data[at:]
