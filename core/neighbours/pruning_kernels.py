"""Compiled loops of `pruning` and `exact`: limits, signs, candidates, and the nearest of them."""

from __future__ import annotations

import numpy as np
from numba import njit

# Less and more than any likeness; infinities are slow to compare.
NOTHING, NEVER = np.float32(-3e38), np.float32(3e38)
# Places of metrics in `core.neighbours.exact.NEIGHBOUR_METRICS`; what is neither of these is a cosine.
EUCLIDEAN, INNER_PRODUCT = 1, 2
# By how much two sums in double precision may differ with their order, as a share of what is
# summed: never less than the first, and so much for every number that goes into them.
_SLACK, _SLACK_PER_NUMBER = 1e-12, 2.5e-16
# Words that are looked at together; signs come in as many, or a multiple.
WORDS_AT_ONCE = 16


@njit(cache=True, nogil=True)
def first_limits(products, rows, own, off_by, off_share, limits, best):  # type: ignore[no-untyped-def]
    """Write how alike queries and so many of a sample of rows are at least.

    Products are of rounded numbers: `off_by` is how far one of each query may be off, and
    `off_share` what rounding the product itself may add, as a share of it. `best` is room for as
    many as are wanted.
    """
    for row in range(len(own)):
        best[:] = NOTHING
        for place in range(len(rows)):
            if products[row, place] > best[-1] and rows[place] != own[row]:
                _insert(best, products[row, place])
        limits[row] = best[-1] - abs(best[-1]) * off_share - off_by[row]


@njit(cache=True, nogil=True)
def look(signs, lanes, panel, others, own, are_queries, state):  # type: ignore[no-untyped-def]
    """Keep who may be near of the queries of a panel, and of the others where these are queries, too.

    Panels are rows, points (contiguous: they are read again and again) and offsets.

    `signs` holds the bits of products less a limit, several numbers in a word: those of which the
    first bit is not set are not below it.
    """
    (rows, points, offsets), (columns, other_points, other_offsets) = panel, others
    limits = state[1]
    bits = 64 // lanes
    below = np.uint64(0)
    for lane in range(lanes):
        below |= np.uint64(1) << np.uint64(lane * bits + bits - 1)
    is_diagonal = are_queries and rows[0] == columns[0]
    for row in range(len(rows)):
        query = rows[row]
        words = signs[row]
        for start in range(0, len(words), WORDS_AT_ONCE):
            together = below
            for step in range(WORDS_AT_ONCE):
                together &= words[start + step]
            if together == below:
                continue
            for at in range(start, start + WORDS_AT_ONCE):
                if words[at] & below == below:
                    continue
                for lane in range(lanes):
                    column = at * lanes + lane
                    is_below = (words[at] >> np.uint64(lane * bits + bits - 1)) & np.uint64(1)
                    if is_below or column >= len(columns) or (is_diagonal and column <= row):
                        continue
                    other = columns[column]
                    least = min(limits[query], limits[other]) if are_queries else limits[query]
                    if least == NEVER or (not are_queries and other == own[query]):
                        continue
                    value = offsets[row] + other_offsets[column] + _product(points, row, other_points, column)
                    if value >= limits[query]:
                        _offer(query, own[other] if are_queries else other, value, state)
                    if are_queries and value >= limits[other]:
                        _offer(other, own[query], value, state)


@njit(cache=True, nogil=True)
def settle(points, queries, own, candidates, ranks, metric, first, count, rows, distances, is_open):  # type: ignore[no-untyped-def]
    """Write the nearest of some candidates and their distances, equal ones by rank.

    Sums of another order than NumPy's may differ in the last bit. Where that could change a
    distance once it is rounded as `core.neighbours.exact` rounds, the query is open, and what stands for it
    in the results is to be replaced.
    """
    k = rows.shape[1]
    for query in range(first, min(first + count, len(queries))):
        kept = 0
        for row in candidates[query]:
            if row < 0 or row == own[query]:
                continue
            total, slack = _sum(queries, query, points, row, metric)
            distance = _rounded(total - slack, metric)
            if distance != _rounded(total + slack, metric):
                is_open[query] = True
                break
            at = min(kept, k)
            while at > 0 and (
                distance < distances[query, at - 1]
                or (distance == distances[query, at - 1] and ranks[row] < ranks[rows[query, at - 1]])
            ):
                if at < k:
                    distances[query, at] = distances[query, at - 1]
                    rows[query, at] = rows[query, at - 1]
                at -= 1
            if at < k:
                distances[query, at] = distance
                rows[query, at] = row
            kept += 1
        is_open[query] = is_open[query] or kept < k


@njit(cache=True, nogil=True, fastmath={"nsz", "contract", "reassoc"})
def _sum(queries, query, points, row, metric):  # type: ignore[no-untyped-def]
    """Return what a distance is made of, in double precision, and by how much it may be off."""
    total, size = 0.0, 0.0
    if metric == EUCLIDEAN:
        for axis in range(points.shape[1]):
            apart = np.float64(queries[query, axis]) - np.float64(points[row, axis])
            total += apart * apart
        size = total
    else:
        for axis in range(points.shape[1]):
            part = np.float64(queries[query, axis]) * np.float64(points[row, axis])
            total += part
            size += abs(part)
    return total, size * max(_SLACK, points.shape[1] * _SLACK_PER_NUMBER)


@njit(cache=True, nogil=True)
def _rounded(total, metric):  # type: ignore[no-untyped-def]
    """Return a distance as it is told."""
    if metric == EUCLIDEAN:
        return np.float32(np.sqrt(max(total, 0.0)))
    if metric == INNER_PRODUCT:
        return np.float32(-total + 0.0)
    return np.float32(min(max(np.rint((1 - total) * 1e7) / 1e7, 0.0), 2.0) + 0.0)


@njit(cache=True, nogil=True, fastmath={"nsz", "contract", "reassoc"})
def _product(points, row, others, column):  # type: ignore[no-untyped-def]
    total = np.float32(0.0)
    for axis in range(points.shape[1]):
        total += points[row, axis] * others[column, axis]
    return total


@njit(cache=True, nogil=True)
def drop(rows, alike, kept, limits):  # type: ignore[no-untyped-def]
    """Drop the candidates that fall short of the limits after all."""
    for query in range(len(kept)):
        if kept[query] >= 0:
            kept[query] = _drop(rows[query], alike[query], kept[query], limits[query])
        rows[query, max(0, kept[query]) :] = -1


@njit(cache=True, nogil=True)
def _offer(query, row, value, state):  # type: ignore[no-untyped-def]
    """Make a row that reaches the limit a candidate; a query that has too many never has one again."""
    best, limits, margins, rows, alike, kept = state
    if value > best[query, -1]:
        _insert(best[query], value)
        limits[query] = max(limits[query], best[query, -1] - margins[query])
    if kept[query] == rows.shape[1]:
        kept[query] = _drop(rows[query], alike[query], kept[query], limits[query])
    if kept[query] == rows.shape[1]:
        kept[query] = -1
        limits[query] = NEVER
    else:
        rows[query, kept[query]] = row
        alike[query, kept[query]] = value
        kept[query] += 1


@njit(cache=True, nogil=True)
def _insert(best, value):  # type: ignore[no-untyped-def]
    """Put a value into its place of a falling sequence; the last falls out."""
    at = len(best) - 1
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        at -= 1
    best[at] = value


@njit(cache=True, nogil=True)
def _drop(rows, alike, count, limit):  # type: ignore[no-untyped-def]
    """Move what reaches the limit to the front; return how many these are."""
    kept = 0
    for place in range(count):
        if alike[place] >= limit:
            rows[kept] = rows[place]
            alike[kept] = alike[place]
            kept += 1
    return kept
