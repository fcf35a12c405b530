"""Compiled loops of pruning and exact search: limits, candidates, nearest rows."""

from __future__ import annotations

import numpy as np

from core.foundation import njit

# Below and above every similarity; infinities are slow to compare.
LOWEST, HIGHEST = np.float32(-3e38), np.float32(3e38)
# Indices in `core.neighbours.NEIGHBOUR_METRICS`; any other index is cosine.
EUCLIDEAN, INNER_PRODUCT = 1, 2
# How far two sums in double precision may differ with the order of summation, as a share of the
# sum of magnitudes: at least the first, or the second for every number that is summed.
_SLACK, _SLACK_PER_NUMBER = 1e-12, 2.5e-16
# Words that are tested together; rows of signs are a multiple of this long.
WORDS_AT_ONCE = 16


@njit(cache=True, nogil=True)
def initial_limits(products, rows, own, error_bounds, relative_error, limits, best):  # type: ignore[no-untyped-def]
    """Write lower bounds of the similarity to the last neighbour, from a sample.

    Products are those of half-precision numbers: `error_bounds` holds the error bound of a
    product of each query, `relative_error` the error of rounding the product itself. `best` is a
    buffer as long as the number of neighbours.
    """
    for row in range(len(own)):
        best[:] = LOWEST
        for place in range(len(rows)):
            if products[row, place] > best[-1] and rows[place] != own[row]:
                _insert(best, products[row, place])
        limits[row] = best[-1] - abs(best[-1]) * relative_error - error_bounds[row]


@njit(cache=True, nogil=True)
def collect_candidates(signs, lanes, panel, others, own, are_queries, state):  # type: ignore[no-untyped-def]
    """Collect candidates of the queries of a panel.

    If the other panel holds queries too, their candidates are collected as well.

    Panels are rows, points (contiguous, because they are read many times) and offsets.

    `signs` holds the bits of products less a limit, several numbers in a word. A number with an
    unset first bit is not below its limit.
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
                    if least == HIGHEST or (not are_queries and other == own[query]):
                        continue
                    value = offsets[row] + other_offsets[column] + _product(points, row, other_points, column)
                    if value >= limits[query]:
                        _add_candidate(query, own[other] if are_queries else other, value, state)
                    if are_queries and value >= limits[other]:
                        _add_candidate(other, own[query], value, state)


@njit(cache=True, nogil=True)
def rank_candidates(points, queries, own, candidates, ranks, metric, first, count, rows, distances, is_undecided):  # type: ignore[no-untyped-def]
    """Write the nearest candidates and their distances, equal distances by rank.

    Sums in another order than NumPy's may differ in the last bit. If that could change a distance
    after it is rounded as in `core.neighbours.exact`, the query is undecided and its results must
    be replaced.
    """
    k = rows.shape[1]
    for query in range(first, min(first + count, len(queries))):
        kept = 0
        for row in candidates[query]:
            if row < 0 or row == own[query]:
                continue
            total, slack = _sum(queries, query, points, row, metric)
            distance = _distance_of_sum(total - slack, metric)
            if distance != _distance_of_sum(total + slack, metric):
                is_undecided[query] = True
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
        is_undecided[query] = is_undecided[query] or kept < k


@njit(cache=True, nogil=True, fastmath={"nsz", "contract", "reassoc"})
def _sum(queries, query, points, row, metric):  # type: ignore[no-untyped-def]
    """Return the sum behind a distance, in double precision, and its error bound."""
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
def _distance_of_sum(total, metric):  # type: ignore[no-untyped-def]
    """Return the distance of a sum, rounded as results are."""
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
def drop_below_limits(rows, similarities, kept, limits):  # type: ignore[no-untyped-def]
    """Drop the candidates that are below the final limits."""
    for query in range(len(kept)):
        if kept[query] >= 0:
            kept[query] = _keep_above_limit(rows[query], similarities[query], kept[query], limits[query])
        rows[query, max(0, kept[query]) :] = -1


@njit(cache=True, nogil=True)
def _add_candidate(query, row, value, state):  # type: ignore[no-untyped-def]
    """Add a row as a candidate, unless the query has too many.

    A query with too many candidates never gets one again.
    """
    best, limits, margins, rows, similarities, kept = state
    if value > best[query, -1]:
        _insert(best[query], value)
        limits[query] = max(limits[query], best[query, -1] - margins[query])
    if kept[query] == rows.shape[1]:
        kept[query] = _keep_above_limit(rows[query], similarities[query], kept[query], limits[query])
    if kept[query] == rows.shape[1]:
        kept[query] = -1
        limits[query] = HIGHEST
    else:
        rows[query, kept[query]] = row
        similarities[query, kept[query]] = value
        kept[query] += 1


@njit(cache=True, nogil=True)
def _insert(best, value):  # type: ignore[no-untyped-def]
    """Insert a value into a descending sequence and drop the last one."""
    at = len(best) - 1
    while at > 0 and best[at - 1] < value:
        best[at] = best[at - 1]
        at -= 1
    best[at] = value


@njit(cache=True, nogil=True)
def _keep_above_limit(rows, similarities, count, limit):  # type: ignore[no-untyped-def]
    """Move the candidates that reach the limit to the front and return their number."""
    kept = 0
    for place in range(count):
        if similarities[place] >= limit:
            rows[kept] = rows[place]
            similarities[kept] = similarities[place]
            kept += 1
    return kept
