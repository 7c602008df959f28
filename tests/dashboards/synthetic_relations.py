"""Invented rows of relations on top of the synthetic scorecard: every verdict and every state of the four screens.

North and South serve clients better than employees; Brest and Amiens the contrary; Tours and Reims are protected. Managers and
teams are symmetric. Partners are the more demanding side. Rouen's employees fall before its clients; Lille's gestures are
mechanical; Nice's promoters exceed its siblings'.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path
from typing import Any

import yaml
from synthetic import AS_OF, HEADCOUNT, HIDDEN, STAKEHOLDERS, THRESHOLD, UNITS, Row, quarters, table

REPO = Path(__file__).resolve().parents[2]
CODES = [code for code, _, _ in quarters()]
PARENTS = {row["unit_code"]: row["parent_code"] for row in table("units")}
LEAVES = [unit for unit in UNITS[:-1] if unit not in PARENTS.values()]
ASKED_OF = [row["dimension_code"] for row in table("dimensions")]
WHOLES = [unit for unit in UNITS[:-1] if unit not in LEAVES]
Known = dict[tuple[str, ...], Row]
GAP = {
    "reg_nord": 6.0,
    "reg_sud": 5.0,
    "reg_ouest": -5.0,
    "ag_brest": -16.0,
    "ag_lyon": 5.0,
    "ag_nantes": -7.0,
}
GAP |= {"ag_amiens": -12.0, "ag_lille": 9.0}
TILT = {"ease": -10, "values": -7.5, "time": -12, "joy": 5, "recognition": 8, "care": -4, "trust": 3}
GESTURES = {
    "ag_lille": (88, 52),
    "ag_rouen": (84, 60),
    "ag_rennes": (91, 82),
    "ag_nantes": (82, 74),
    "ag_brest": (60, 76),
}
GESTURES |= {"ag_lyon": (58, 54), "ag_marseille": (86, 66), "ag_nice": (76, 71), "ag_amiens": (66, 58)}
PROMOTERS = {"ag_nice": (78, 33), "ag_lille": (43, -4), "ag_rouen": (46, 2), "ag_brest": (31, -15)}
SHIPPED = REPO / "pipelines" / "declared" / "defaults" / "framework.yml"
ASKED = [
    "mirrored_index",
    "symmetry_gap",
    "symmetry_slope",
    "symmetry_concordance",
    "reciprocity_gap",
    "reciprocity",
    "gesture_gap",
    "script_compliance",
    "say_do_gap",
    "promoter_share",
    "promoter_excess",
    "seller_collected_share",
    "prompt_answer_share",
    "on_time_share",
    "crisis_share",
    "early_warning",
    "link",
    "attention_concentration",
    "together_gain",
    "negative_emotion_share",
    "emotion_balance",
    "fair_pay",
]


def kpis() -> list[Row]:
    """Rows of dim_kpis for the KPIs of relations, in the words that ship with Relier."""
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["kpis"]
    rows = []
    for code in ASKED:
        known = shipped[code]
        row = {"kpi_code": code, "label_fr": known["fr"], "label_en": known["en"], "domain": "relation"}
        row |= {"unit_of_measure": known["unit"], "better": known.get("better", "higher")}
        for name in ("definition", "formula", "needs"):
            row |= {f"{name}_{lang}": known.get(name, {}).get(lang) for lang in ("fr", "en")}
        rows.append(row)
    return rows


def _row(
    unit: str, code: str, whose: tuple[str, str], kpi: str, dimension: str, cell: Row, **more: Any
) -> Row:
    key = {"unit_code": unit, "period_code": code, "stakeholder_code": whose[0], "segment_code": "all"}
    key |= {"counterparty_code": whose[1], "kpi_code": kpi, "dimension_code": dimension}
    stamp = {"disclosure": "standard", "definition_version": "2026.1" if code > "2023-Q4" else "2023.1"}
    row = {**key, "method": "t", "status": "published", **stamp, "as_of_date": AS_OF, **cell, **more}
    if row["status"] == "protected":
        row.update(HIDDEN, verdict_code=None)
    return row


def _cell(value: float | None, half: float = 0.0, n: int | None = None) -> Row:
    if value is None:
        return {"value": None, "n": n, "ci_low": None, "ci_high": None}
    low, high = (value - half, value + half) if half else (None, None)
    return {"value": value, "n": n, "ci_low": low, "ci_high": high}


def _gap_verdict(value: float, half: float) -> str:
    if abs(value) > half:
        return "counterparty_higher" if value > 0 else "stakeholder_higher"
    return "symmetric" if abs(value) + 0.84 * half < 5 else "undecided"


def _gap(
    kind: str, unit: str, code: str, whose: tuple[str, str], dimension: str, first: Row, second: Row
) -> Row:
    """The gap of two cells as the pipeline derives it: protected where either side is."""
    kpi = f"{kind}_gap"
    if "protected" in (first["status"], second["status"]):
        return _row(unit, code, whose, kpi, dimension, _cell(None), status="protected")
    value = second["value"] - first["value"]
    half = math.hypot(first["ci_high"] - first["ci_low"], second["ci_high"] - second["ci_low"]) / 2
    return _row(unit, code, whose, kpi, dimension, _cell(value, half), verdict_code=_gap_verdict(value, half))


def _side(rows: Known, unit: str, code: str, whose: tuple[str, str]) -> Row | None:
    """A side's index on what it mirrors: the mean of its shared dimensions, as precise as its own index."""
    found = rows.get((unit, code, whose[0], "rqi", "all"))
    if found is None:
        return None
    if found["status"] == "protected":
        return _row(unit, code, whose, "mirrored_index", "all", _cell(None), status="protected")
    scores = [[rows.get((unit, code, side, "dimension_score", d)) for side in whose] for d in ASKED_OF]
    shared = [one["value"] for one, other in scores if one and other and one["value"] is not None]
    if not shared:
        return None
    half = (found["ci_high"] - found["ci_low"]) / 2
    return _row(
        unit, code, whose, "mirrored_index", "all", _cell(sum(shared) / len(shared), half, found["n"])
    )


def _tilted(rows: list[Row]) -> list[Row]:
    """Clients' dimensions moved by the planted gap of their unit and of the dimension, the same at every period."""
    made = []
    for row in rows:
        if (row["stakeholder_code"], row["kpi_code"]) != ("clients", "dimension_score") or row[
            "value"
        ] is None:
            continue
        unit = row["unit_code"]
        tilt = GAP.get(unit, GAP.get(PARENTS[unit] or "", 4.0)) + TILT.get(row["dimension_code"], 0)
        made.append(row | {k: min(99.0, row[k] + tilt) for k in ("value", "ci_low", "ci_high")})
    return made


def other_sides(rows: list[Row]) -> list[Row]:
    """Managers and buyers, who have no row of their own yet: close to employees, above partners."""
    made = []
    for row in rows:
        if row["kpi_code"] not in {"rqi", "dimension_score"}:
            continue
        for source, side, shift, wide in (
            ("employees", "managers", 1.0, 1.6),
            ("partners", "buyers", 6.0, 1.1),
        ):
            if row["stakeholder_code"] == source and row["unit_code"] in WHOLES:
                value = row["value"] + shift + (sum(map(ord, row["dimension_code"])) % 5 - 2)
                half = wide * (row["ci_high"] - row["ci_low"]) / 2
                cell = _cell(value, half, max(12, row["n"] // 4))
                made.append(
                    row | {"stakeholder_code": side, **cell, "change_value": None, "change_label": None}
                )
    return made


def _relations(rows: Known) -> list[Row]:
    made: list[Row] = []
    for relation in table("relations"):
        whose = relation["stakeholder_code"], relation["counterparty_code"]
        back, kind = (whose[1], whose[0]), relation["kind"]
        for unit in UNITS[:-1]:
            for code in CODES:
                first, second = _side(rows, unit, code, whose), _side(rows, unit, code, back)
                if first is None or second is None:
                    if first or second:
                        alone = {"status": "not_enough_data", "verdict_code": "one_side_only"}
                        made.append(_row(unit, code, whose, f"{kind}_gap", "all", _cell(None), **alone))
                    continue
                made += [first, second, _gap(kind, unit, code, whose, "all", first, second)]
                for dimension in ASKED_OF:
                    sides = [rows.get((unit, code, side, "dimension_score", dimension)) for side in whose]
                    if all(sides):
                        made.append(_gap(kind, unit, code, whose, dimension, *sides))
        made += [row for unit in WHOLES for code in CODES for row in _across(unit, code, whose, kind)]
    return made


def _across(unit: str, code: str, whose: tuple[str, str], kind: str) -> list[Row]:
    """What is said of a whole scope: slope and concordance of a symmetry, reciprocity of the others."""
    if kind == "symmetry":
        n = 9 if unit == "rivage" else 3
        line, close = _cell(0.71, 3.4 / n, n), _cell(0.42, 1.8 / n, n)
        slope = _row(unit, code, whose, "symmetry_slope", "all", line, verdict_code="one_for_one")
        return [slope, _row(unit, code, whose, "symmetry_concordance", "all", close)]
    verdict = "undecided" if unit == "reg_ouest" else "one_sided_counterparty"
    asked = code in {"2025-Q2", "2024-Q4"}
    cell = _cell(93.2, 2.1, 240)
    return [_row(unit, code, whose, "reciprocity", "all", cell, verdict_code=verdict)] if asked else []


def _places() -> list[Row]:
    """Gestures, recommendations, promises and warnings of each unit; two periods of audits were never made."""
    draw, made, clients = random.Random(7), [], ("clients", "all")
    for unit in UNITS[:-1]:
        hidden = {"status": "protected"} if HEADCOUNT[unit] < THRESHOLD else {}
        n = round(HEADCOUNT[unit] * 1.75)
        size = 31 / math.sqrt(max(n, 9))
        for index, code in enumerate(CODES[2:], start=2):
            gesture, felt = GESTURES.get(unit, (79, 70))
            drift = (11 - index) * (1.6 if unit in {"ag_lille", "ag_rennes"} else 0.3)
            kept = gesture + draw.gauss(0, 1.4)
            seen = felt + drift * (1 if unit == "ag_lille" else -1) + draw.gauss(0, 0.8)
            made.append(
                _row(unit, code, clients, "script_compliance", "all", _cell(kept, size, 2 * n), **hidden)
            )
            made.append(
                _row(unit, code, clients, "dimension_score", "sincerity", _cell(seen, size, n), **hidden)
            )
            far = abs(kept - 70) > size and abs(seen - 65) > size
            word = {(1, 1): "genuine", (1, 0): "mechanical", (0, 1): "warm", (0, 0): "absent"}[
                kept >= 70, seen >= 65
            ]
            gap = _cell(kept - seen, 1.4 * size)
            verdict = word if far else "undecided"
            made.append(_row(unit, code, clients, "gesture_gap", "all", gap, verdict_code=verdict, **hidden))
        made += _asked(unit, n, hidden) + _warned(unit, hidden)
    return made


def _asked(unit: str, n: int, hidden: Row) -> list[Row]:
    code, clients = "2025-Q4", ("clients", "all")
    share, excess = PROMOTERS.get(unit, (44, 1))
    size = 95 / math.sqrt(max(n, 9))
    verdict = "undecided" if abs(excess) < size else "above_siblings" if excess > 0 else "below_siblings"
    verdict = "like_siblings" if size < 9 and verdict == "undecided" else verdict
    made = [
        _row(unit, code, clients, "promoter_share", "all", _cell(share, size, n), **hidden),
        _row(
            unit, code, clients, "seller_collected_share", "all", _cell(share * 0.7, size * 0.8, n), **hidden
        ),
        _row(unit, code, clients, "prompt_answer_share", "all", _cell(share * 0.5, size * 0.8, n), **hidden),
    ]
    if unit in LEAVES:
        cell = _cell(excess, 1.2 * size)
        made.append(_row(unit, code, clients, "promoter_excess", "all", cell, verdict_code=verdict, **hidden))
    for index, period in enumerate(CODES):
        kept = _cell(91 - 0.9 * max(0, index - 5) - (sum(map(ord, unit)) % 5), 60 / math.sqrt(max(n, 9)), n)
        made.append(
            _row(unit, period, ("partners", "all"), "on_time_share", "all", kept, method="wilson", **hidden)
        )
    return made


def _warned(unit: str, hidden: Row) -> list[Row]:
    """Rouen rings now; Lyon rang in early 2025, then both of its sides moved; Nice has too few periods."""
    made = []
    for index, code in enumerate(CODES[4:], start=4):
        rings = {"ag_rouen": "alarm" if index > 9 else "calm", "ag_nice": "not_enough_data"}
        rings["ag_lyon"] = "calm" if index < 8 else "alarm" if index < 10 else "moved_together"
        verdict = rings.get(unit, "calm")
        fell = {"calm": (sum(map(ord, unit)) % 9) / 4 - 1.1, "not_enough_data": None}
        state = {"status": "not_enough_data"} if verdict == "not_enough_data" else {}
        move = _cell(fell.get(verdict, -1.4 * (index - 6)))
        whose = ("employees", "clients")
        made.append(
            _row(unit, code, whose, "early_warning", "all", move, verdict_code=verdict, **(state | hidden))
        )
    return made


def _whole() -> list[Row]:
    made = []
    for code in CODES:
        for order, row in enumerate(table("values")):
            cell = _cell(-14.0 + 9 * order, 4.2, 412)
            made.append(_row("rivage", code, ("employees", "all"), "say_do_gap", row["dimension_code"], cell))
        made.append(_row("rivage", code, ("all", "all"), "crisis_share", "all", _cell(8.3, 5.0, 36)))
    return made


def _bonds() -> list[Row]:
    """Links of the group and of two branches, one apart and one protected; groups of the group's clients, one hidden."""
    made, code, clients, people = [], CODES[-1], ("clients", "all"), ("employees", "all")
    cells = {
        "rivage": (66.0, "holds", {}),
        "ag_lyon": (44.0, "apart", {}),
        "ag_tours": (0.0, "holds", {"status": "protected"}),
    }
    for unit, (index, verdict, hidden) in cells.items():
        links = [
            ("company_employees", people, index, 2.0, verdict),
            ("company_clients", clients, 71.0, 1.4, "holds"),
        ]
        for dimension, whose, value, half, said in [
            *links,
            ("digital_human", clients, 1.2, 4.5, "undecided"),
        ]:
            made.append(
                _row(
                    unit, code, whose, "link", dimension, _cell(value, half, 412), verdict_code=said, **hidden
                )
            )
        attention, gain = _cell(0.18, 0.02, 1383), _cell(11.6, 7.0, 850)
        said = {"verdict_code": "towards_richest"}
        made.append(_row(unit, code, clients, "attention_concentration", "all", attention, **said, **hidden))
        made.append(
            _row(unit, code, clients, "together_gain", "all", gain, verdict_code="reinforce", **hidden)
        )
        change = {"compared_period_code": "2024-Q4", "change_value": -6.1, "change_label": "real_and_large"}
        felt = _cell(15.9, 2.4, 838)
        made.append(_row(unit, code, clients, "negative_emotion_share", "all", felt, **change, **hidden))
        pay = {"compared_period_code": "2024-Q4", "change_value": -1.8, "change_label": "noise"}
        made.append(_row(unit, "2025-Q3", people, "fair_pay", "all", _cell(45.7, 1.3, 383), **pay, **hidden))
    for segment, value, hidden in (
        ("human", 69.6, {}),
        ("digital", 66.3, {}),
        ("both", 0.0, {"status": "protected"}),
    ):
        row = _row("rivage", code, clients, "rqi", "all", _cell(value, 2.1, 190), **hidden)
        made.append(row | {"segment_code": f"channel__{segment}"})
    return made


def relation_rows(rows: list[Row]) -> list[Row]:
    """Every row of fct_kpi_values that the four screens read, to be put in place of those of `rows` with its key."""
    planted = [*_tilted(rows), *_places()]
    names = ("unit_code", "period_code", "stakeholder_code", "kpi_code", "dimension_code")
    known = {tuple(row[name] for name in names): row for row in [*rows, *planted]}
    return planted + _relations(known) + _whole() + _bonds()


def actions() -> list[Row]:
    """Rows of fct_actions, one per verdict."""
    rows = []
    for given in table("actions"):
        row: Row = {
            **given,
            "starts_date": dt.date.fromisoformat(given["starts_date"]),
            "status": "published",
        }
        for stem in ("change", "effect"):
            value, half = (
                None if given[f"{stem}_{end}"] is None else float(given[f"{stem}_{end}"])
                for end in ("value", "half")
            )
            cell = _cell(value, half or 0.0)
            row |= {f"{stem}_{end}": cell[end] for end in ("value", "ci_low", "ci_high")}
        if given["verdict_code"] == "protected":
            row |= {"status": "protected", "verdict_code": None}
        rows.append(row)
    return rows


def thresholds() -> list[Row]:
    """Rows of dim_kpi_thresholds."""
    given = [
        ("gesture_gap", "gesture", 70.0),
        ("gesture_gap", "intention", 65.0),
        ("early_warning", "false_alarm_rate", 0.05),
    ]
    return [{"kpi_code": kpi, "threshold_code": name, "value": value} for kpi, name, value in given]


def publics() -> list[Row]:
    """Rows of dim_stakeholders that no card shows yet: managers, and our own people's view of partners."""
    return [
        row | {"threshold_count": THRESHOLD, "sort_order": 10 + i} for i, row in enumerate(table("sides"))
    ]


def scorecard_of_buyers(rows: list[Row]) -> list[Row]:
    """Rows of the scorecard for a side that speaks about partners: pages must never make a card of them."""
    return [
        row | {"stakeholder_code": "buyers"} for row in rows if row["stakeholder_code"] == STAKEHOLDERS[2]
    ]
