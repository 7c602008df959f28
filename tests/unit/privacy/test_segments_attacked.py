"""The attacker and the audit against segments: nothing behind the mask, plenty beside it. K is 5."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.privacy import Leak, Made, attack, audit, suppress
from tests.unit.privacy.test_segments import WAVE, WHEN, WHO, both, cut_world, people
from tests.unit.privacy.worlds import KPI_SCHEMA, K, World, company

CHANNELS = {"value less its units", "segment less its values", "crossed cuts", "crossed segments"}
MADE = {
    "symmetry_gap": Made(frozenset({"mirrored_index", "dimension_score"})),
    "attention_concentration": Made(frozenset({"tone_balance"}), segment="age"),
}


def attacked(world: World, marts: dict[str, pl.DataFrame], report: object = None) -> list[Leak]:
    headcounts = {unit: world.headcount(unit) for unit in world.parents}
    sink = report or (lambda told: None)
    return attack(marts, headcounts, K, sink, world.roster(), MADE)  # type: ignore[arg-type]  # a sink


def put_back(world: World, marts: dict[str, pl.DataFrame], which: pl.Expr) -> dict[str, pl.DataFrame]:
    """What is published, and some rows of the warehouse beside it."""
    kpi = marts["fct_kpi_values"]
    return marts | {"fct_kpi_values": pl.concat([kpi.filter(~which), world.kpi_values().filter(which)])}


def at(unit: str, code: str, kpi: str = "respondents") -> pl.Expr:
    here = (pl.col("unit_code") == unit) & (pl.col("segment_code") == code) & (pl.col("kpi_code") == kpi)
    return here & (pl.col("stakeholder_code") == WHO) & (pl.col("period_code") == WHEN)


def test_random_companies_are_safe_behind_the_mask_and_only_there(capsys: pytest.CaptureFixture[str]) -> None:
    found: set[str] = set()
    audited = 0
    for seed in range(8):
        world = company(seed)
        rules, marts = world.rules(), world.marts()
        safe = suppress(marts, rules).marts
        assert attacked(world, safe) == []
        assert audit(safe, rules) == []
        opened = suppress(marts, rules, secondary=False).marts
        found |= {leak.channel for leak in attacked(world, opened, print)}
        audited += bool(audit(opened, rules))
    assert found >= CHANNELS
    assert audited >= 7
    told = capsys.readouterr().out
    assert all(f"attack, {channel}: " in told for channel in CHANNELS)


def test_a_value_known_to_be_in_one_unit_alone_is_found_beside_it() -> None:
    """Everything but the ages of a is put back: a less the old, who are nowhere else, is 2 people."""
    world = cut_world({"a": people({"young": 2, "old": 18}), "b": people({"young": 20})})
    marts = suppress(world.marts(), world.rules()).marts
    assert attacked(world, marts) == []
    root = (pl.col("unit_code") == "root") & pl.col("segment_code").str.starts_with("age")
    leaks = attacked(world, put_back(world, marts, root))
    assert {leak.channel for leak in leaks} >= {"crossed cuts", "value less its units"}
    assert {leak.people for leak in leaks if leak.channel == "crossed cuts"} == {2}


def test_a_segment_put_back_beside_one_it_is_nearly_inside_is_found() -> None:
    world = cut_world({"root": both({"sales": {"young": 20, "old": 2}, "staff": {"old": 20}})})
    marts = suppress(world.marts(), world.rules()).marts
    mixed = put_back(world, marts, pl.col("segment_code").str.starts_with("job"))
    assert attacked(world, marts) == []
    assert {leak.channel for leak in attacked(world, mixed)} == {"crossed segments"}
    assert any(
        "less root/job__staff it isolates fewer than 5" in told for told in audit(mixed, world.rules())
    )
    alone = audit(mixed, world.rules(overlaps=()))
    assert any("2 segments are shown together though how they cross is not known" in told for told in alone)


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (at("b", "age__young"), "1 of 4 values are shown"),
        (at("b", "age__young"), "the total less its values isolates fewer than 5"),
        (at("c", "age__young"), "values are shown though their total is not"),
        (at("b", "age__old"), "rows are shown with an n below 5"),
    ],
)
def test_the_audit_finds_a_value_put_back(put: pl.Expr, told: str) -> None:
    world = cut_world(
        {
            "a": people({"young": 20, "old": 20}),
            "b": people({"young": 17, "old": 3}),
            "c": people({"young": 4}),
            "d": people({"young": 3}),
        }
    )
    marts = suppress(world.marts(), world.rules()).marts
    assert audit(marts, world.rules()) == []
    assert any(told in line for line in audit(put_back(world, marts, put), world.rules()))


def test_the_audit_solves_the_published_counts() -> None:
    """The root is shown, and its young people: the others are what is left by the equations."""
    world = cut_world({"root": people({"young": 17, "old": 3})})
    marts = suppress(world.marts(), world.rules()).marts
    lines = audit(put_back(world, marts, at("root", "age__young")), world.rules())
    assert any("the published counts give a hidden crossing of fewer than 5" in told for told in lines)


def test_the_audit_knows_that_nobody_is_less_than_nobody() -> None:
    """Young people of root, a and b are shown. 3 are left for c or for root itself, which has nobody of its own."""
    world = cut_world(
        {
            "a": people({"young": 10, "old": 10}),
            "b": people({"young": 10, "old": 10}),
            "c": people({"young": 3, "old": 10}),
        }
    )
    marts = suppress(world.marts(), world.rules()).marts
    every = pl.any_horizontal(at(unit, "age__young") for unit in ("root", "a", "b"))
    lines = audit(put_back(world, marts, every), world.rules())
    assert any("nobody being less than 0 gives a hidden crossing of fewer than 5" in told for told in lines)


def test_comments_of_few_do_not_pass_the_audit() -> None:
    world = cut_world({"root": people({"young": 12, "old": 25})})
    world.comments = True
    for person in world.people["root", WHO, WHEN]:
        person["tone"] = 1.0
    marts = suppress(world.marts(), world.rules()).marts
    young, old = at("root", "age__young", "tone_balance"), at("root", "age__old", "tone_balance")
    lines = audit(put_back(world, marts, young | old), world.rules())
    assert any("comments of too few are spoken of" in told for told in lines)
    few = cut_world({"root": people({"young": 15})})
    few.comments = True
    for person in few.people["root", WHO, WHEN]:
        person["tone"] = 1.0
    mixed = put_back(few, suppress(few.marts(), few.rules()).marts, at("root", "all", "tone_balance"))
    assert any("1 rows speak of comments few could leave" in told for told in audit(mixed, few.rules()))


def derived(unit: str, kpi: str, dimension: str = "all", towards: str = "clients") -> pl.DataFrame:
    row = dict.fromkeys(KPI_SCHEMA) | {
        "unit_code": unit,
        "period_code": WHEN,
        "stakeholder_code": WHO,
        "segment_code": "all",
        "counterparty_code": towards,
        "kpi_code": kpi,
        "dimension_code": dimension,
        "value": 4.0,
        "n": 2,
        "status": "published",
        "disclosure": "standard",
    }
    return pl.DataFrame([row], schema=KPI_SCHEMA)


def test_a_derived_figure_beside_a_protected_part_is_found() -> None:
    """Clients of a are too few: a gap between the two sides would give their index."""
    world = cut_world({"a": people({"young": 20, "old": 4}), "b": people({"young": 20})})
    for unit, n in (("a", 3), ("b", 20), ("root", 10)):
        world.people[unit, "clients", WHEN] = people({"young": n})
    world.mirrored = world.comments = True
    marts = suppress(world.marts(), world.rules()).marts
    rules = world.rules(derived_kpis=frozenset(MADE))

    def leaks(*rows: pl.DataFrame) -> list[str]:
        mixed = marts | {"fct_kpi_values": pl.concat([marts["fct_kpi_values"], *rows])}
        assert audit(mixed, rules) == []  # whether its parts are shown is for the audit of derived rows
        return [leak.channel for leak in attacked(world, mixed)]

    assert leaks(derived("root", "symmetry_gap"), derived("root", "symmetry_gap", "care")) == []
    assert leaks(derived("a", "symmetry_gap")) == ["derived through parts"]
    assert leaks(derived("a", "symmetry_gap", "care")) == ["derived through parts"]
    assert leaks(derived("a", "attention_concentration", towards="all")) == ["derived through parts"]


def test_a_derived_row_that_is_protected_holds_nothing() -> None:
    world = cut_world({"root": people({"young": 20})})
    marts = suppress(world.marts(), world.rules()).marts
    kept = derived("root", "symmetry_gap").with_columns(
        status=pl.lit("protected"), verdict_code=pl.lit("symmetric")
    )
    mixed = marts | {"fct_kpi_values": pl.concat([marts["fct_kpi_values"], kept])}
    told = audit(mixed, world.rules(derived_kpis=frozenset(MADE)))
    assert told == ["fct_kpi_values: 1 protected rows still hold a figure"]


def test_a_probability_of_change_is_a_change() -> None:
    world = company(2)
    marts = suppress(world.marts(), world.rules()).marts
    kpi = marts["fct_kpi_values"]
    first = (pl.col("period_code") == "2025-Q1") & (pl.col("status") == "published")
    told = kpi.with_columns(
        pl.when(first).then(0.5).otherwise(pl.col("change_p_value")).alias("change_p_value")
    )
    lines = audit(marts | {"fct_kpi_values": told}, world.rules())
    assert any("a change towards a hidden figure is shown" in line for line in lines)
    row = {"unit_code": "root", "stakeholder_code": WHO, "segment_code": "all"}
    assert kpi.filter(**row, **{k: v for k, v in WAVE.items() if k not in row}).height > 0
