"""The strongest subtraction there is: any weighted sum of published groups, tried by brute force.

Groups of people who cannot be told apart (same unit, same values) are unknowns; a published group is a row of 0
and 1. A sum of rows that leaves fewer than k people with a weight isolates them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from tests.unit.privacy.worlds import World

Kind = tuple[str, tuple[str, ...], int]


def isolates(people: Mapping[Hashable, int], groups: Iterable[Iterable[Hashable]], k: int) -> bool:
    """Whether some sum of published groups keeps a weight for at least one and fewer than k people.

    Such a sum is a row-space vector whose support F holds fewer than k: it exists where the rows of the null
    space that belong to F are linearly dependent.
    """
    kinds = [kind for kind, n in people.items() if n]
    place = {kind: index for index, kind in enumerate(kinds)}
    rows = np.zeros((len(list(groups := [list(group) for group in groups])), len(kinds)))
    for index, group in enumerate(groups):
        rows[index, [place[kind] for kind in group if kind in place]] = 1
    _, sizes, vectors = np.linalg.svd(rows, full_matrices=True)
    free = vectors[int((sizes > 1e-9).sum()) :].T
    small = [index for index, kind in enumerate(kinds) if people[kind] < k]
    return any(_is_dependent(free, chosen) for chosen in _few(small, [people[kind] for kind in kinds], k))


def _few(small: Sequence[int], counts: Sequence[int], k: int) -> Iterator[np.ndarray]:
    """All sets of kinds with fewer than k people, as arrays (sets × kinds of a set)."""
    for size in range(1, k):
        chosen = [some for some in combinations(small, size) if sum(counts[index] for index in some) < k]
        if chosen:
            yield np.array(chosen)


def _is_dependent(free: np.ndarray, chosen: np.ndarray) -> bool:
    if free.shape[1] < chosen.shape[1]:
        return True
    return bool((np.linalg.svd(free[chosen], compute_uv=False)[:, -1] < 1e-9).any())


def kinds_of(world: World, who: str, period: str, dimension: str | None, epoch: int = 0) -> Counter[Kind]:
    """People by unit, segment codes and epoch; those who scored a dimension, or everybody."""
    return Counter(
        (unit, tuple(world.codes(person)), epoch)
        for (unit, *wave), people in world.people.items()
        if wave == [who, period]
        for person in people
        if dimension is None or person[dimension] is not None
    )


def groups_of(
    world: World, kpi: pl.DataFrame, kinds: Iterable[Kind], where: Mapping[str, Any], epochs: int = 1
) -> list[list[Kind]]:
    """The kinds inside each group whose n is published in `kpi`; those of the first `epochs` only."""
    found = []
    shown = kpi.filter(**where).filter(pl.col("n").is_not_null())
    for unit, code in shown.select("unit_code", "segment_code").iter_rows():
        below = set(world.below(unit))
        found.append(
            [kind for kind in kinds if kind[0] in below and kind[2] < epochs and code in ("all", *kind[1])]
        )
    return found
