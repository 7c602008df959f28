"""What is planted in Groupe Rivage can be found again in its files, by plain Python that knows nothing of the pipeline."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
LANDING = DEMO / "landing"
REGIONS = ("reg_nord", "reg_ouest", "reg_sud")


@pytest.fixture(scope="module")
def cells() -> Iterator[dict[str, Any]]:
    """Answers by stakeholder, unit and quarter; the generator stands outside the packages of the project."""
    sys.path.insert(0, str(DEMO))
    try:
        from rivage import measured

        yield {group: measured.answers(LANDING, group) for group in measured.READ}
    finally:
        sys.path.remove(str(DEMO))


def test_two_regions_treat_clients_better_than_employees(cells: dict[str, Any]) -> None:
    from rivage.figures import common_gap

    gaps = {
        unit: [common_gap(cells["employees"][unit, at], cells["clients"][unit, at]) for at in range(12)]
        for unit in REGIONS
    }
    assert min(gaps["reg_nord"] + gaps["reg_sud"]) >= 8
    assert max(map(abs, gaps["reg_ouest"])) < 5


def test_marseille_employees_fall_two_quarters_before_clients(cells: dict[str, Any]) -> None:
    from rivage.measured import index

    staff, clients = (
        [index(cells[group]["ag_marseille", at]) for at in range(12)] for group in ("employees", "clients")
    )
    assert max(staff[7:]) <= min(staff[:7]) - 12
    assert max(clients[9:]) <= min(clients[:9]) - 10
    assert min(staff[:7]) - staff[7] > 12
    assert clients[7] - clients[9] > 10


def test_relation_moves_margin_except_in_one_region(cells: dict[str, Any]) -> None:
    from rivage import figures, measured

    euros = measured.money(LANDING)
    slopes, correlations = zip(
        *(figures.link(cells["clients"], euros, unit)[:2] for unit in REGIONS), strict=True
    )
    assert abs(slopes[0]) < 0.1
    assert abs(correlations[0]) < 0.2
    assert min(slopes[1:]) > 0.3
    assert min(correlations[1:]) > 0.8


def test_who_is_too_few_to_show(cells: dict[str, Any]) -> None:
    from rivage import world

    few = {
        agency.unit
        for agency in world.AGENCIES
        for at in range(12)
        if len(cells["employees"][agency.unit, at]) < 10
    }
    assert few == {"ag_nice", "ag_brest", "ag_vannes"}
    for at in range(12):
        assert sum(len(cells["employees"][unit, at]) for unit in ("ag_brest", "ag_vannes")) >= 10
        assert min(len(cells["clients"][unit, at]) for unit in REGIONS) >= 250


def test_managers_of_one_region_stand_above_what_their_teams_say(cells: dict[str, Any]) -> None:
    from rivage import findings, managers

    for at in managers.WAVES:
        above = {
            unit: findings.mirrored(cells["managers"][unit, at], findings.MANAGED)
            - findings.mirrored(cells["employees"][unit, at], findings.MANAGED)
            for unit in REGIONS
        }
        assert above["reg_sud"] > 20
        assert 2 < above["reg_nord"] < 15
        assert abs(above["reg_ouest"]) < 7
    assert abs(above["reg_ouest"]) < 1


def test_no_agency_has_ten_managers(cells: dict[str, Any]) -> None:
    from rivage import managers

    for at in managers.WAVES:
        counts = {unit: len(found) for (unit, quarter), found in cells["managers"].items() if quarter == at}
        assert max(count for unit, count in counts.items() if unit.startswith("ag_")) < 10
        assert min(counts[unit] for unit in (*REGIONS, "rivage")) >= 10


def test_only_one_region_is_not_paid_back_by_partners(cells: dict[str, Any]) -> None:
    from rivage import buyers
    from rivage.measured import index

    for at in buyers.WAVES:
        gap = {
            unit: index(cells["partners"][unit, at]) - index(cells["buyers"][unit, at]) for unit in REGIONS
        }
        assert gap["reg_nord"] < -11
        assert max(abs(gap[unit]) for unit in ("reg_ouest", "reg_sud")) < 9
    assert gap["reg_nord"] < -15
    assert len(cells["buyers"]["ag_lyon", at]) >= 10


@pytest.mark.usefixtures("cells")
def test_one_value_is_displayed_and_not_lived() -> None:
    from rivage.findings import said_and_done

    apart = {code: gap for code, _, _, gap, _ in said_and_done(LANDING)}
    assert -22 < apart["kept_word"] < -16
    assert abs(apart["mutual_help"]) < 4
    assert -9 < apart["high_standards"] < -3


@pytest.mark.usefixtures("cells")
def test_the_counter_is_the_least_recognised_and_paid() -> None:
    from rivage.findings import by_job

    jobs = by_job(LANDING)
    recognised, paid, _ = jobs.pop("accueil")
    assert recognised < min(job[0] for job in jobs.values()) - 8
    assert paid < min(job[1] for job in jobs.values()) - 8


def test_2023_was_recited_and_one_agency_still_does(cells: dict[str, Any]) -> None:
    from rivage import findings, world

    measured = findings.gestures(LANDING, cells["clients"])
    for (unit, year), (made, felt) in measured.items():
        if year == 2023 or unit == "ag_rouen":
            assert made >= 85, (unit, year)
            assert felt < 60, (unit, year)
        elif unit == "ag_brest":
            assert made < 60 < 75 < felt, year
        else:
            assert made > 75 and felt > 65, (unit, year)  # noqa: PT018 - one statement about one cell
    for agency in world.AGENCIES:
        for at in range(4):
            felt = [
                scores["sincerity"]
                for _, scores, _ in cells["clients"][agency.unit, at]
                if "sincerity" in scores
            ]
            assert sum(felt) / len(felt) < 60, (agency.unit, at)


@pytest.mark.usefixtures("cells")
def test_both_channels_satisfy_more_than_the_better_one() -> None:
    from rivage.findings import channels

    for quarters in (range(12), [11]):
        found = channels(LANDING, quarters)
        assert found["both"][0] - max(found["human"][0], found["digital"][0]) >= 8


@pytest.mark.usefixtures("cells")
def test_one_agency_pushes_its_scores() -> None:
    from rivage.findings import pushed

    for at in range(8, 12):
        mine, others = pushed(LANDING, at).values()
        assert mine[0] - others[0] >= 25
        assert mine[1] > 60 > 20 > others[1]
        assert mine[2] > 60
    mine, others = pushed(LANDING, 7).values()
    assert mine[0] < others[0]
    assert mine[1] < 20


@pytest.mark.usefixtures("cells")
def test_negative_emotions_double_in_marseille() -> None:
    from rivage.findings import upset

    assert max(upset(LANDING, at) for at in range(5, 9)) < 18
    assert min(upset(LANDING, at) for at in range(9, 12)) > 25


@pytest.mark.usefixtures("cells")
def test_partners_of_one_region_deliver_late_in_2025() -> None:
    from rivage.findings import on_time

    measured = on_time(LANDING)
    late = measured.pop(("reg_sud", 2025))
    assert late < 78
    assert min(measured.values()) > 88


@pytest.mark.usefixtures("cells")
def test_attention_is_bought_in_one_region() -> None:
    from rivage.findings import attention

    for at in range(8, 12):
        regions = attention(LANDING, at)
        assert regions["reg_sud"][2] >= 0.3
        assert abs(regions["reg_ouest"][2]) < 0.05
        assert 0.05 < regions["reg_nord"][2] < 0.2
        assert regions["reg_sud"][3] < regions["reg_ouest"][3] - 20


@pytest.mark.usefixtures("cells")
def test_each_decile_can_be_shown_by_region() -> None:
    from rivage.findings import attention_counts

    assert min(attention_counts(LANDING, 11).values()) >= 10


@pytest.mark.usefixtures("cells")
def test_training_and_ratings_follow_the_regions() -> None:
    from rivage.findings import hours, ratings

    trained, rated = hours(LANDING), ratings(LANDING)
    for year in (2023, 2024, 2025):
        assert trained["reg_ouest", year] > 1.5 * trained["reg_nord", year]
        assert trained["reg_nord", year] > trained["reg_sud", year]
        assert rated["reg_sud", year] < 75 < 82 < rated["reg_nord", year]


def test_the_trial_moved_listening_and_the_charter_nothing(cells: dict[str, Any]) -> None:
    from rivage import findings, hr

    staff, clients = cells["employees"], cells["clients"]
    planted = (hr.TRIAL_DIMENSION, hr.TRIAL_WAVE)
    before, after = findings.change(staff, hr.TRIAL_UNIT, *planted)
    assert after - before - findings.beside(staff, findings.TRIAL_BESIDE, *planted) >= 10
    charter = (findings.CHARTER_DIMENSION, findings.CHARTER_STARTS)
    before, after = findings.change(clients, findings.CHARTER_UNIT, *charter)
    assert abs(after - before) < 3


def _register(name: str) -> list[dict[str, str]]:
    with (DEMO / "declarations" / "registers" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_strategy_has_its_gaps() -> None:
    objectives = _register("strategy.csv")
    assert [one["stakeholder"] for one in objectives if not one["owner"]] == ["partners"]
    assert [one["stakeholder"] for one in objectives if one["review_date"] < "2026-01-31"] == ["managers"]
    weights = {one["domain"]: 0 for one in objectives}
    for one in objectives:
        weights[one["domain"]] += int(one["weight"])
    assert weights == {"relation": 40, "sales": 35, "profit": 25}
    agenda = [body["relations_on_agenda"] for body in _register("bodies.csv")]
    assert (len(agenda), agenda.count("yes")) == (5, 2)


@pytest.mark.usefixtures("cells")
def test_the_register_of_actions_is_what_was_planted() -> None:
    from rivage import findings, hr, world

    trial, charter, early = _register("actions.csv")
    assert (trial["unit_code"], trial["dimension"]) == (hr.TRIAL_UNIT, hr.TRIAL_DIMENSION)
    assert trial["starts"] == str(world.first_day(hr.TRIAL_WAVE))
    assert (charter["unit_code"], charter["dimension"]) == (findings.CHARTER_UNIT, findings.CHARTER_DIMENSION)
    assert trial["compared_with"].split(";") == list(findings.TRIAL_BESIDE)
    assert charter["starts"] == str(world.first_day(findings.CHARTER_STARTS))
    assert early["starts"] > str(world.fieldwork(len(world.QUARTERS) - 1)[1])
