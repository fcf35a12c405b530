"""The column of a table, and the way in which it tells the specimens.

Exact ids come first. A column counts by the rows that fit and by what it is: its name, and whether
it holds numbers. Counts and measurements occur in the names of files by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from core.collection.matching_ways import LOOK_UPS, Match, by_exact_id, matches_of
from core.foundation import note
from core.storage import Table, is_number, kind_of_column, order_of_column

# What the name of a column has to say for each way.
_KINDS = {"id": ("id",), "file": ("file", "id"), "catalogue-number": ("number", "id")}


@dataclass(frozen=True)
class Choice:
    """A column and a way, with the match of every row.

    Parameters
    ----------
    by : str
        `id`, `file` or `catalogue-number`.
    place : int
        The place of the column.
    matches : list of Match
        Of every row.
    rivals : tuple of str
        Other columns that have as many exact ids.
    passed_over : str
        A column of numbers that would fit most rows and was not taken, empty if there is none.
    notes : tuple of str
        Remarks on the choice, in sentences.
    """

    by: str
    place: int
    matches: list[Match] = field(repr=False)
    rivals: tuple[str, ...] = ()
    passed_over: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def n_specimens(self) -> int:
        """Return the number of specimens with rows of their own."""
        return len({match.names[0] for match in self.matches if len(match.names) == 1 and not match.is_contested})

    @property
    def is_exact(self) -> bool:
        """Return whether all matched rows have exact ids, and no other column has as many."""
        return (
            self.by == "id"
            and not self.rivals
            and all(match.level == 0 for match in self.matches if len(match.names) == 1 and not match.is_contested)
        )


def choose_column(table: Table, specimens: Mapping[str, str], by: str, column: str) -> Choice:
    """Return the column that tells the specimens.

    Parameters
    ----------
    table : Table
        Any table.
    specimens : mapping
        File names by specimen id.
    by : str
        A way, or `auto`.
    column : str
        The column that is asked for, empty if it is to be found.
    """
    texts = {at: table.texts(at) for at in range(len(table.columns))}
    ways = tuple(LOOK_UPS) if by == "auto" else (by,)
    if column:
        places: list[int] = [table.columns.index(column)]
        numbers: list[int] = []
    else:
        numbers = [at for at in texts if _holds_numbers(texts[at])]
        places = list(texts)
    allowed = {
        way: [at for at in places if at not in numbers or kind_of_column(table.columns[at]) in _KINDS[way]]
        for way in ways
    }
    exact = _best_of_ids(table, texts, specimens, allowed.get("id", []), numbers)
    most = min(len(table.rows), len(specimens))
    if exact is not None and (exact[1] or 2 * exact[0].n_specimens >= most):
        return _with_folds(exact[0], texts, specimens)
    found: list[Choice] = []
    for way in ways:
        found += _matched(way, allowed[way], texts, specimens)
        if any(choice.n_specimens == most for choice in found):
            break
    best = _best(table, [choice for choice in found if choice.n_specimens])
    if exact is not None and (best is None or 2 * exact[0].n_specimens >= best.n_specimens):
        return _with_folds(exact[0], texts, specimens)
    if best is not None:
        return best
    has_names = any(kind_of_column(name) in ("id", "number") for name in table.columns)
    unnamed = [] if has_names else numbers
    others = [choice for way in ways for choice in _matched(way, unnamed, texts, specimens)]
    other = _best(table, [choice for choice in others if choice.n_specimens])
    passed_over = table.columns[other.place] if other is not None else ""
    nearest = max(found, key=lambda choice: sum(bool(match.names) for match in choice.matches), default=None)
    nearest = nearest or Choice(ways[0], 0, [Match()] * len(table.rows))
    return Choice(nearest.by, nearest.place, nearest.matches, passed_over=passed_over)


def _best_of_ids(
    table: Table,
    texts: Mapping[int, list[str]],
    specimens: Mapping[str, str],
    places: Iterable[int],
    numbers: Sequence[int],
) -> tuple[Choice, bool] | None:
    """Return the column with the most exact ids, and whether its name says that it has ids."""
    look_up = by_exact_id(specimens)
    found = [Choice("id", at, matches_of(texts[at], look_up)) for at in places]
    best = _best(table, [choice for choice in found if choice.n_specimens])
    if best is None:
        return None
    is_named = kind_of_column(table.columns[best.place]) == "id"
    rivals = tuple(
        table.columns[choice.place]
        for choice in found
        if choice.place != best.place
        and choice.n_specimens >= best.n_specimens
        and choice.matches != best.matches
        and (choice.n_specimens > best.n_specimens or not is_named)
    )
    notes: tuple[str, ...] = ()
    if rivals:
        sentence = "The columns {column!r} and {others} hold ids; {column!r} was taken."
        others = ", ".join(map(repr, rivals[:3]))
        notes = (note(sentence, column=table.columns[best.place], others=others),)
    sure = is_named and best.place not in numbers
    return Choice("id", best.place, best.matches, rivals, notes=notes), sure


def _with_folds(choice: Choice, texts: Mapping[int, list[str]], specimens: Mapping[str, str]) -> Choice:
    """Return the choice with the rows that fit only when folded."""
    if all(match.names for match in choice.matches):
        return choice
    matches = matches_of(texts[choice.place], LOOK_UPS["id"](specimens))
    return Choice("id", choice.place, matches, choice.rivals, notes=choice.notes)


def _matched(
    way: str, places: Sequence[int], texts: Mapping[int, list[str]], specimens: Mapping[str, str]
) -> list[Choice]:
    """Return the matches of each column by one way."""
    if not places:
        return []
    look_up = LOOK_UPS[way](specimens)
    return [Choice(way, place, matches_of(texts[place], look_up)) for place in places]


def _best(table: Table, found: Sequence[Choice]) -> Choice | None:
    """Return the choice that fits most.

    One with a telling name is preferred if it fits at least half as many specimens.
    """
    if not found:
        return None
    most = max(choice.n_specimens for choice in found)
    ways = list(LOOK_UPS)

    def rank(choice: Choice) -> tuple[bool, int, int, int, int]:
        name = table.columns[choice.place]
        is_named = kind_of_column(name) in _KINDS[choice.by] and 2 * choice.n_specimens >= most
        order = order_of_column(name) if is_named else 0
        return is_named, choice.n_specimens, -order, -ways.index(choice.by), -choice.place

    return max(found, key=rank)


def _holds_numbers(texts: Sequence[str]) -> bool:
    """Return whether more than half of the different cells of a column are numbers."""
    filled = [text for text in dict.fromkeys(texts) if text]
    return 2 * sum(map(is_number, filled)) > len(filled)
