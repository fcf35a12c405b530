"""Files damaged on purpose, by chance that repeats itself: what disks, cables, editors and enemies do."""

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


def mutated(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Return a file damaged in one to three ways.

    Parameters
    ----------
    data : bytes
        A whole file.
    chance : numpy.random.Generator
        Decides what happens to it.
    others : list of bytes
        Whole files of the same family, whose parts may get into this one.
    """
    for _ in range(int(chance.integers(1, 4))):
        ways = (_flip, _flip, _cut, _number, _number, _little_number, _splice, _repeat, _zero, _insert, _head, _nest)
        data = ways[int(chance.integers(len(ways)))](data, chance, others)
    return data


def _flip(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Flip some bits, more often near the beginning, where headers are."""
    del others
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(int(chance.choice([1, 2, 8, 64]))):
        reach = len(data) if chance.random() < 0.5 else min(len(data), 256)
        changed[int(chance.integers(reach))] ^= 1 << int(chance.integers(8))
    return bytes(changed)


def _cut(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    return data[: int(chance.integers(len(data) + 1))]


def _number(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Put an absurd number in the place of one that is written in digits."""
    del others
    found = list(_NUMBER.finditer(data[:4096]))
    if not found:
        return data
    place = found[int(chance.integers(len(found)))]
    return data[: place.start()] + ABSURD[int(chance.integers(len(ABSURD)))] + data[place.end() :]


def _little_number(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Put an absurd number over two, four or eight bytes."""
    del others
    width = int(chance.choice([2, 4, 8]))
    if len(data) < width:
        return data
    value = int(chance.choice([0, 1, 2**31 - 1, 2**32 - 1, 2**31, 2**63 - 1, 255])) % 256**width
    at = int(chance.integers(min(len(data), 512 if chance.random() < 0.7 else len(data)) - width + 1))
    order = "little" if chance.random() < 0.7 else "big"
    return data[:at] + value.to_bytes(width, order) + data[at + width :]


def _splice(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    other = others[int(chance.integers(len(others)))]
    return data[: int(chance.integers(len(data) + 1))] + other[int(chance.integers(len(other) + 1)) :]


def _head(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Swap the beginning for that of another file."""
    other = others[int(chance.integers(len(others)))]
    size = int(chance.choice([4, 16, 64, 256]))
    return other[:size] + data[size:]


def _repeat(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    start, end = sorted(int(chance.integers(len(data) + 1)) for _ in range(2))
    return data[:end] + data[start:end] * int(chance.choice([1, 3, 20])) + data[end:] if end - start < 100_000 else data


def _zero(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    start, end = sorted(int(chance.integers(len(data) + 1)) for _ in range(2))
    return data[:start] + bytes(end - start) + data[end:]


def _insert(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    del others
    at = int(chance.integers(len(data) + 1))
    return data[:at] + TOKENS[int(chance.integers(len(TOKENS)))] + data[at:]


def _nest(data: bytes, chance: np.random.Generator, others: list[bytes]) -> bytes:
    """Open so many brackets that whoever reads them recursively runs out of stack."""
    del others
    if chance.random() < 0.8:
        return _flip(data, chance, [data])
    at = int(chance.integers(min(len(data), 64) + 1))
    return data[:at] + (b"[", b"{", b"(", b'{"a":', b"- ")[int(chance.integers(5))] * _DEEP + data[at:]
