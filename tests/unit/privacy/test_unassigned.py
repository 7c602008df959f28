"""`unassigned` is nobody's team: always shown, and never a reason to hide somebody."""

from __future__ import annotations

import datetime as dt

from pipelines.privacy import Closure, Headcount
from tests.unit.privacy.test_suppression import payroll
from tests.unit.privacy.worlds import FOREVER, START, flat


def test_unassigned_is_older_than_every_unit_and_hides_nobody_for_it() -> None:
    """A home's `unassigned` is valid since 1900: on a day without units there is nobody to recognise."""
    for world, people in ((flat({"a": 30, "b": 20, "unassigned": 0}), 50), (flat({"unassigned": 0}), 3)):
        rules = world.rules()
        (root,) = rules.roots
        always = [
            Closure(above, "unassigned", dt.date(1900, 1, 1), FOREVER) for above in (root, "unassigned")
        ]
        closure = [row for row in rules.closure if row.unit_code != "unassigned"] + always
        counted = [row for row in rules.headcounts if row.unit_code not in {root, "unassigned"}]
        counted.append(Headcount(root, START, FOREVER, people))
        shown = "published" if people >= 5 else "protected"
        found = payroll(world, closure=closure, headcounts=counted)
        assert (found["unassigned"], found[root]) == ({"published"}, {shown})
