"""Which common answer scale a set of numbers looks like."""

from __future__ import annotations

from collections.abc import Mapping

# The scales people use, the shortest first: a set of numbers looks like the first that holds nearly all of it.
COMMON = (
    (0, 1), (1, 2), (1, 3), (0, 3), (1, 4), (0, 4), (1, 5), (0, 5), (1, 6), (1, 7), (1, 9), (1, 10), (0, 10),
    (1, 100), (0, 100),
)  # fmt: skip


def looks_like(counts: Mapping[float, int], stray: float = 0.005) -> str | None:
    """The scale as text, such as "1-5", or "1-5 by halves"; None where no common one holds 99.5 % of the answers.

    The shortest that fits: of two as long, the one from 1.
    """
    total = sum(counts.values())
    used = {value for value, count in counts.items() if count > stray * total}
    if not used:
        return None
    fitting = [
        (low, high)
        for low, high in sorted(COMMON, key=lambda scale: (scale[1] - scale[0], -scale[0]))  # 1-5 before 0-4
        if low <= min(used) and max(used) <= high
    ]
    if not fitting:
        return None
    low, high = fitting[0]
    steps = "" if all(value == int(value) for value in used) else " by fractions"
    return f"{low}-{high}{steps}"
