"""Ways in which the text of a row tells its specimen: id, file name, catalogue number.

The text itself comes first. A folded text (letters of another case, another Unicode form, without
suffix …) counts only if it is that of one specimen and of one text of the table.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from core.meshes import is_mesh, stem_of as stem_of_mesh
from core.storage import as_plain, is_number

_Key = TypeVar("_Key")
_LETTERS = re.compile(r"[^\W\d_]+")
_EXPONENT = re.compile(r"\d(\.\d+)?E[+-]\d\d+")
# 7a is another number than 7, if nothing follows the letter.
_WORD = re.compile(r"\d+[^\W\d_](?![^\W_])|[^\W\d_]+|\d+")
# M1 is an upper molar and m1 a lower one; dP4 and LP4 are deciduous and left premolars.
_TOOTH = re.compile(r"[LRlr]?[Dd]?[ICPMicpm]")
# A catalogue number has a few words, as in "NHMUK PV OR 37001"; longer word sequences are none.
_MOST_WORDS = 6
_SPELLINGS = 4


@dataclass(frozen=True)
class Match:
    """What a text was found to tell.

    Parameters
    ----------
    names : tuple of str
        Ids of the specimens that it may belong to.
    level : int
        0 for the text itself, more for the further it was folded.
    is_contested : bool
        Whether another text of the table may belong to the same specimen as well.
    """

    names: tuple[str, ...] = ()
    level: int = 0
    is_contested: bool = False


LookUp = Callable[[str], Match]


def matches_of(texts: Sequence[str], look_up: LookUp) -> list[Match]:
    """Return the match of every text.

    Of several texts that are found to belong to one specimen, the one that was folded least does.
    If there is no such one, each of them may belong to it.
    """
    found = {text: look_up(text) for text in dict.fromkeys(texts) if text}
    rivals: defaultdict[str, list[str]] = defaultdict(list)
    for text, match in found.items():
        if len(match.names) == 1:
            rivals[match.names[0]].append(text)
    for name, others in rivals.items():
        if len(others) > 1:
            least = min(found[text].level for text in others)
            nearest = [text for text in others if found[text].level == least]
            for text in others:
                if len(nearest) > 1 or text != nearest[0]:
                    found[text] = Match((name,), found[text].level, is_contested=True)
    nothing = Match()
    return [found.get(text, nothing) for text in texts]


def by_exact_id(specimens: Mapping[str, str]) -> LookUp:
    """Return a look-up by the id as it is written."""
    return lambda text: Match((text,)) if text in specimens else Match()


def by_id(specimens: Mapping[str, str]) -> LookUp:
    r"""Return a look-up by id, then by folded id, with `\` for `/`, then by number."""
    folded_ids = _index((folded(name), name) for name in specimens)
    numbers = _index((float(name), name) for name in specimens if _is_any_number(name))

    def look_up(text: str) -> Match:
        if text in specimens:
            return Match((text,))
        names = folded_ids.get(folded(text.replace("\\", "/")))
        if names is None and _is_from_spreadsheet(text):
            return Match(tuple(numbers.get(float(text), ())), 2)
        return Match(tuple(names or ()), 1)

    return look_up


def by_file(specimens: Mapping[str, str]) -> LookUp:
    """Return a look-up by file name, and by as many of its folders as are given.

    A folder that holds other specimens rules those outside it out.
    """
    indexes: list[dict[str, list[str]]] = [{} for _ in range(_SPELLINGS)]
    for name, file in specimens.items():
        for known in {file, name.rpartition("/")[2]}:
            for index, spelling in zip(indexes, _spellings_of(known), strict=True):
                names = index.setdefault(spelling, [])
                if not names or names[-1] != name:
                    names.append(name)
    folders = {name: folded(folder) for name, folder in ((name, name.rpartition("/")[0]) for name in specimens)}
    ends = {part for folder in set(folders.values()) for part in folder.split("/") if part}

    def look_up(text: str) -> Match:
        above, _, last = text.replace("\\", "/").rpartition("/")
        folder = folded("/".join(part for part in above.split("/") if part not in (".", "")))
        for level, (index, spelling) in enumerate(zip(indexes, _spellings_of(last), strict=True), start=1):
            found = index.get(spelling, [])
            inside = [name for name in found if folder and _is_end_of(folders[name], folder)]
            if inside:
                return Match(tuple(inside), level)
            if found and (not folder or folder.rpartition("/")[2] not in ends):
                return Match(tuple(found), level + (_SPELLINGS if folder else 0))
        return Match()

    return look_up


def by_catalogue_number(specimens: Mapping[str, str]) -> LookUp:
    """Return a look-up by the adjacent words and numbers in the name of a file."""
    sequences: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    whole_names: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, file in specimens.items():
        words = words_of(stem_of(file))
        whole_names[words].append(name)
        inside = {words[a:b] for a in range(len(words)) for b in range(a + 1, min(a + _MOST_WORDS, len(words)) + 1)}
        for sequence in inside:
            sequences[sequence].append(name)

    def look_up(text: str) -> Match:
        words = words_of(text)
        if not any(word[0].isdigit() for word in words):
            return Match()  # a taxon name is not a catalogue number
        if words in whole_names:
            return Match(tuple(whole_names[words]), 1)
        return Match(tuple(sequences.get(words, ())), 2)

    return look_up


LOOK_UPS: dict[str, Callable[[Mapping[str, str]], LookUp]] = {
    "id": by_id,
    "file": by_file,
    "catalogue-number": by_catalogue_number,
}


def folded(text: str) -> str:
    """Return text with equivalent characters and case unified (NFKC).

    Raised and lowered characters stay, and so does the case of teeth: M1 and M¹ are upper molars,
    m1 and M₁ lower ones.

    Examples
    --------
    >>> folded("Tarsius/AMNH_7"), folded("Tarsius/M1"), folded("Tarsius/m1")
    ('tarsius/amnh_7', 'tarsius/M1', 'tarsius/m1')
    """
    text = text.strip()
    if not text.isascii():
        text = "".join(
            "".join(signs) if is_raised else unicodedata.normalize("NFKC", "".join(signs))
            for is_raised, signs in groupby(unicodedata.normalize("NFC", text), _is_raised)
        )
    return _LETTERS.sub(_folded_word, text)


def _is_end_of(one: str, other: str) -> bool:
    """Return whether one of two folders is the end of the other, as Lemur is of scans/Lemur."""
    shorter, longer = sorted((one, other), key=len)
    return bool(shorter) and f"/{longer}".endswith(f"/{shorter}")


def _spellings_of(file: str) -> tuple[str, str, str, str]:
    """Return a name of a file, with and without suffix, as it is and folded."""
    stem = stem_of(file)
    plain = folded(file)
    return file, stem, plain, plain if stem == file else folded(stem)


def stem_of(file: str) -> str:
    """Return the name of a file without the suffix of a mesh."""
    return stem_of_mesh(file) if "." in file and is_mesh(file) else file


def words_of(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in lower case, without leading zeros."""
    found: Sequence[str] = _WORD.findall(folded(text))
    return tuple(word.lstrip("0") or "0" for word in found)


def _folded_word(found: re.Match[str]) -> str:
    word = found[0]
    if _TOOTH.fullmatch(word):
        return word
    if len(word) > 1 and word[-1].isupper() and word[-2].islower():  # as in tarsiusM1
        return word[:-1].casefold() + word[-1]
    return word.casefold()


def _is_raised(sign: str) -> bool:
    return unicodedata.decomposition(sign).startswith(("<super>", "<sub>"))


def _is_any_number(text: str) -> bool:
    return is_number(text.lstrip("0") or text)


def _is_from_spreadsheet(text: str) -> bool:
    """Return whether text is a number as spreadsheets write it, which make 7 of 007 and 1E+05 of 1E5."""
    return _is_any_number(text) and (as_plain(float(text)) == text or _EXPONENT.fullmatch(text) is not None)


def _index(pairs: Iterable[tuple[_Key, str]]) -> dict[_Key, list[str]]:
    found: defaultdict[_Key, list[str]] = defaultdict(list)
    for key, name in pairs:
        if name not in found[key]:
            found[key].append(name)
    return dict(found)
