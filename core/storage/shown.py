"""Numbers as a spreadsheet shows them, by the format of their cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

# Digits with an optional decimal part and exponent.
_DIGITS = re.compile(r"(?P<whole>[#0?,]+)(\.(?P<part>[#0?]*))?(?P<exponent>[eE][+-]0+)?")
_DROPPED = re.compile(r"\[[^\]]*\]|_.|\*.")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')


def shown(value: float, number_format: str) -> str:
    """Return a number as the format of its cell shows it.

    A format that is not understood gives the plain number.

    Parameters
    ----------
    value : float
        The number in the cell.
    number_format : str
        As in a workbook, such as `0.00`.

    Examples
    --------
    >>> shown(1.1, "0.00"), shown(7, "00000"), shown(100000, "0E+00"), shown(217, '"AMNH "0'), shown(1.1, "General")
    ('1.10', '00007', '1E+05', 'AMNH 217', '1.1')
    """
    parts = _parts_of(number_format)
    if parts is None or (value < 0 and ";" in number_format):
        return as_plain(value)
    number = abs(Decimal(repr(value))) * (100 if parts.is_percent else 1)
    digits = _exponential(number, parts) if parts.exponent else _fixed(number, parts)
    return f"{'-' if value < 0 else ''}{parts.before}{digits}{parts.after}".strip()


def as_plain(value: float) -> str:
    """Return a number without a format, whole ones without a decimal point.

    Examples
    --------
    >>> from core.storage import as_plain
    >>> as_plain(7.0), as_plain(1.1)
    ('7', '1.1')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


@dataclass(frozen=True)
class _Parts:
    """A number format: text around the digits, and how many digits there are at least and at most."""

    before: str
    after: str
    least_digits: int
    has_groups: bool
    least_decimals: int
    most_decimals: int
    exponent: int

    @property
    def is_percent(self) -> bool:
        """Return whether the number is shown as a percentage."""
        return "%" in self.before + self.after


def _fixed(number: Decimal, parts: _Parts) -> str:
    """Return a number without an exponent."""
    rounded = number.quantize(Decimal(1).scaleb(-parts.most_decimals), rounding=ROUND_HALF_UP)
    whole, _, decimals = f"{rounded:f}".partition(".")
    whole = f"{int(whole):,}" if parts.has_groups else whole.lstrip("0")
    whole = whole.rjust(parts.least_digits, "0")
    decimals = decimals[: parts.least_decimals] + decimals[parts.least_decimals :].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def _exponential(number: Decimal, parts: _Parts) -> str:
    """Return a number with an exponent."""
    mantissa, _, power = f"{float(number):.{parts.most_decimals}E}".partition("E")
    return f"{mantissa}E{power[0]}{power[1:].lstrip('0').rjust(parts.exponent, '0')}"


@lru_cache(maxsize=1024)
def _parts_of(number_format: str) -> _Parts | None:
    """Return the parts of a format, None for `General`, dates and what is not understood."""
    section = _DROPPED.sub("", number_format.split(";")[0])
    literals: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literals.append(found[1] if found[1] is not None else found[2])
        return f"\0{len(literals) - 1}\0"

    section = _LITERAL.sub(keep, section)
    found = list(_DIGITS.finditer(re.sub(r"\0\d+\0", lambda one: "\1" * len(one[0]), section)))
    if len(found) != 1:
        return None
    before, after = section[: found[0].start()], section[found[0].end() :]
    rest = re.sub(r"\0\d+\0", "", before + after)
    if not re.fullmatch(r"[\s%$€£¥+\-/()#:.]*", rest) or found[0]["whole"].endswith(","):
        return None

    def put_back(text: str) -> str:
        return re.sub(r"\0(\d+)\0", lambda one: literals[int(one[1])], text)

    whole, decimals, exponent = found[0]["whole"], found[0]["part"] or "", found[0]["exponent"] or ""
    return _Parts(
        put_back(before),
        put_back(after),
        least_digits=whole.count("0"),
        has_groups="," in whole,
        least_decimals=decimals.count("0"),
        most_decimals=len(decimals),
        exponent=max(0, len(exponent) - 2),
    )
