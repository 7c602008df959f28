"""Names for columns whose header alone does not tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipelines.ingest.header import tidy


def numbered(names: Sequence[str], *, first: bool = False) -> list[str]:
    """Each name once: the second `Question` is `Question (2)`, in the order of the file. Unnamed columns stay so.

    With `first` the first of several is `Question (1)`, and names that are their own already are "".
    """
    given = [tidy(name) for name in names]
    times, taken = Counter(given), set(given)
    seen: Counter[str] = Counter()
    out = []
    for name in given:
        seen[name] += 1
        if not name or times[name] == 1 or (seen[name] == 1 and not first):
            out.append("" if first else name)
            continue
        while f"{name} ({seen[name]})" in taken:
            seen[name] += 1
        taken.add(f"{name} ({seen[name]})")
        out.append(f"{name} ({seen[name]})")
    return out
