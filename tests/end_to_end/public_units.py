"""Unit trees of public bodies, taken from the very files that name them: these may not travel with the repository."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path


def write_units(
    home: Path,
    root: tuple[str, str],
    units: Iterable[tuple[str, str]],
    aliases: Iterable[tuple[str, str, str]],
) -> None:
    """`units.csv` with one root (code, name) over `units`; `unit_aliases.csv` of (source, text in the file, unit)."""
    lines = [[root[0], "", root[1], root[1], "2000-01-01", ""]]
    lines += [[code, root[0], name, name, "2000-01-01", ""] for code, name in units]
    _write(home / "units.csv", "unit_code,parent_code,name_fr,name_en,valid_from,valid_to", lines)
    _write(home / "unit_aliases.csv", "source,alias,unit_code", aliases)


def _write(path: Path, header: str, lines: Iterable[Iterable[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(lines)


def slug(name: str) -> str:
    """A unit code from a name: lower-case letters, digits and _."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def countries(home: Path, deliveries: Path) -> None:
    with deliveries.open(encoding="utf-8-sig", newline="") as file:
        names = sorted({row["country"] for row in csv.DictReader(file)})
    sources = ("deliveries", "vendor_deliveries")
    write_units(
        home,
        ("programme", "Programme"),
        [(slug(name), name) for name in names],
        [(source, name, slug(name)) for source in sources for name in names],
    )


# Patients rank trusts under names that no cleaning brings to those of the staff survey: what a reviewer answered, from
# the register of organisations. The Isle of Wight, one trust to patients and four sectors to staff, is no unit.
RENAMED = [
    ("inpatient_survey", "Portsmouth Hospitals University NHS Trust", "t_rhu"),
    ("inpatient_survey", "Wrightington, Wigan and Leigh NHS Foundation Trust", "t_rrf"),
]


def trusts(home: Path, staff_survey: Path, attendances: Path) -> None:
    """Organisations of the staff survey by ODS code, and the trusts that only the attendances know.

    A unit is called by its latest name; trusts that are ranked by name get their aliases from `relier match`.
    """
    names: dict[str, str] = {}
    aliases = set(RENAMED)
    with staff_survey.open(encoding="utf-8-sig", newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: row["Year"]):
            names[row["ODS code"]] = row["Organisation name"]
            aliases.add(("staff_survey", row["ODS code"], trust(row["ODS code"])))
    with attendances.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            names.setdefault(row["nhs_trust22_code"], row["nhs_trust22_code"])
            aliases.add(("ae_monthly", row["nhs_trust22_code"], trust(row["nhs_trust22_code"])))
    write_units(home, ("nhs", "NHS"), [(trust(code), name) for code, name in names.items()], sorted(aliases))


def trust(code: str) -> str:
    """The unit of an ODS code."""
    return slug(f"t {code}")


AGENCIES = """
CSOSA DHS DOC DOE DOI DOJ DOL DOT ED EEOC EPA FCC FERC FTC GSA HHS HUD NARA NCUA NLRB NRC NSF OMB OPM PBGC RRB SBA SSA
State USAGM USAID USDA USDT USACE
"""
OTHERS = ["Small Agencies", "Air Force", "†Army", "†Navy", "Marine Corps", "DOD 4th Estate"]
# Published for the whole and for Defence together with its parts: beside the tree, or they would count twice.
TOTALS = {"All Responses": "all_responses", "DOD": "dod_overall", "DOD Overall": "dod_overall"}


def agencies(home: Path) -> None:
    names = [*AGENCIES.split(), *OTHERS]
    source = "viewpoint_survey"
    aliases = [(source, name, slug(name)) for name in names]
    aliases += [(source, name, code) for name, code in TOTALS.items()]
    write_units(home, ("federal", "Federal agencies"), [(slug(name), name) for name in names], aliases)
    with (home / "units.csv").open("a", encoding="utf-8") as file:
        for code, name in (("all_responses", "All responses"), ("dod_overall", "DOD overall")):
            file.write(f"{code},,{name},{name},2000-01-01,\n")
