"""KPI expressions over account prefixes: `credit(70 except 707) - debit(601, 602) + value_added`.

`credit(p)` is the sum of credit − debit over accounts that start with p, `debit(p)` its opposite, so every
expression is additive over prefixes: {prefix: coefficient} with value = Σ coefficient · Σ (credit − debit).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[+\-−])|(?P<call>credit|debit)\s*\((?P<inside>[^()]*)\)|(?P<name>[a-z][a-z0-9_]*)(?![a-z0-9_]|\s*\())\s*"
)


class ExpressionError(ValueError):
    """The expression cannot be read; the message says where and what is expected."""


def _prefixes(inside: str) -> Counter[str]:
    included, _, excluded = inside.partition("except")
    counted: Counter[str] = Counter()
    for text, weight in ((included, 1), (excluded, -1)):
        for prefix in re.split(r"[\s,]+", text.strip()) if text.strip() else []:
            if not prefix.isdigit():
                raise ExpressionError(f"'{prefix}' is not an account prefix; write digits such as 70 or 607")
            counted[prefix] += weight
    included_prefixes = [prefix for prefix, weight in counted.items() if weight > 0]
    for prefix, weight in counted.items():
        if weight < 0 and not any(prefix.startswith(outer) for outer in included_prefixes):
            raise ExpressionError(
                f"'except {prefix}' is not inside {', '.join(included_prefixes) or 'anything'}"
            )
        if weight > 0 and any(prefix != outer and prefix.startswith(outer) for outer in included_prefixes):
            raise ExpressionError(
                f"account {prefix} is counted twice: its parent prefix stands in the same list"
            )
    if not included_prefixes:
        raise ExpressionError("names no account; write for example credit(70)")
    return counted


def resolve(kpi: str, expressions: Mapping[str, str], _path: tuple[str, ...] = ()) -> dict[str, int]:
    """Coefficients of credit − debit by account prefix for `kpi`; raises ExpressionError."""
    if kpi in _path:
        raise ExpressionError(f"refers to itself: {' → '.join([*_path, kpi])}")
    if kpi not in expressions:
        raise ExpressionError(f"names '{kpi}', which is not a KPI of this chart")
    text = expressions[kpi]
    total: Counter[str] = Counter()
    position, sign, expect_term = 0, 1, True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ExpressionError(
                f"cannot read '{text[position:].strip()}'; write credit(…), debit(…) or a KPI, joined by + and -"
            )
        position = match.end()
        if match["sign"]:
            if expect_term and total:
                raise ExpressionError("has two signs in a row")
            sign, expect_term = (1 if match["sign"] == "+" else -1), True
            continue
        if not expect_term:
            raise ExpressionError("needs + or - between two terms")
        if match["call"]:
            side = 1 if match["call"] == "credit" else -1
            for prefix, weight in _prefixes(match["inside"]).items():
                total[prefix] += sign * side * weight
        else:
            for prefix, weight in resolve(match["name"], expressions, (*_path, kpi)).items():
                total[prefix] += sign * weight
        sign, expect_term = 1, False
    if expect_term:
        raise ExpressionError("ends without a term; write credit(…) or debit(…)")
    return {prefix: weight for prefix, weight in total.items() if weight}
