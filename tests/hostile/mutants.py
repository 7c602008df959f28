"""Mutant number N of a seed: always the same file, under the same name, of the same declaration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from tests.hostile import container_mutants, json_mutants, text_mutants
from tests.hostile.originals import Original, originals

TABLES = {
    "text": text_mutants.MUTATORS,
    "json": json_mutants.JSON,
    "zip": container_mutants.ZIP,
    "sav": container_mutants.SAV,
    "ole": {kind: text_mutants.MUTATORS[kind] for kind in ("bytes", "truncation")},
}
SHARES = {"text": 62, "json": 13, "zip": 18, "sav": 5, "ole": 2}
WEIGHTS = {"size": 0.2, "nesting": 0.5}  # these take seconds each
NAMES = (
    "a\nb.csv", "\u202evsc.exe", "x" * 251 + ".csv", "..", "../../etc/passwd", "/etc/passwd.csv", "é\u0301.csv", "con.csv",
    "a'b\"c`d$(e).csv", "\udcff.csv", "[a-z]*?.csv", " .csv", "-rf.csv", "\x1b[31m.csv", "123456789FEC20259999.txt",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A hostile file; `kinds` say what was done to it, in order."""

    number: int
    kinds: tuple[str, ...]
    name: str
    raw: bytes
    original: Original


@cache
def _of_family(family: str) -> tuple[Original, ...]:
    return tuple(original for original in originals() if original.family == family)


def mutant(seed: int, number: int) -> Mutant:
    """Deterministic in (seed, number), while the originals and the mutators stay as they are."""
    draw = Random(f"{seed}/{number}")
    family = draw.choices(
        [name for name in SHARES if _of_family(name)], [SHARES[n] for n in SHARES if _of_family(n)]
    )[0]
    own = _of_family(family)
    ours = [original for original in own if not original.label.startswith(("golden", "real"))]
    original = draw.choice(ours) if ours and draw.random() < 0.4 else draw.choice(own)
    raw, kinds = original.raw, []
    for _ in range(draw.choice([1, 1, 2, 3]) if family in {"text", "json"} else draw.choice([1, 1, 1, 2])):
        kinds_now = sorted(TABLES[family])
        kind = draw.choices(kinds_now, [WEIGHTS.get(kind, 1.0) for kind in kinds_now])[0]
        if kind == "size" and len(raw) > 1 << 20:
            continue
        made = draw.choice(TABLES[family][kind])
        try:
            raw = made(draw, raw)
        except (
            ValueError,
            LookupError,
            RuntimeError,
            OSError,
        ):  # what one mutation broke, the next may not open
            if not kinds:
                raise
            break
        except Exception as error:  # a zip that is no zip any more has exceptions of its own
            if not kinds:
                raise AssertionError(f"{made.__name__} cannot mutate {original.label}") from error
            break
        kinds.append(kind)
    name = original.name
    if draw.random() < 0.05:
        name, kinds = draw.choice(NAMES), [*kinds, "file name"]
    return Mutant(number, tuple(kinds), name, raw, original)
