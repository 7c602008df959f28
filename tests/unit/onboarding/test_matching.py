"""Units proposed by name: what is equal is answered, what is alike is asked, what means several is never chosen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from pipelines.declared import Home
from pipelines.onboarding import matching
from tests.conftest import relier
from tests.end_to_end.runs import REAL, real
from tests.unit.onboarding.homes import empty_home

SURVEY = REAL / "nhs_trusts" / "staff_survey_2021_2024_trusts.csv"
INPATIENTS = REAL / "nhs_trusts" / "inpatient_survey_2023_mlm_rankings.xlsx"
SOURCE = """
version: 1
kind: measures
format: table
files: "figures_*.csv"
stakeholder: clients
owner: them
cadence: yearly
freshness_days: 400
waves: [{code: "2023", file: "*_2023*", closed: 2023-12-31}]
keys: {unit: Place}
measures: [{code: figure, column: Figure, kpi: figure, statistic: share}]
not_records: ["Total*"]
"""


def home_of(
    folder: Path, units: list[tuple[str, str]], aliases: str = "figures,Home,maison\n", source: str = SOURCE
) -> Home:
    """A home with these units (code, name), a source `figures` of one figure per place, and these aliases."""
    home = empty_home(folder)
    with (home / "declarations" / "units.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((code, "maison", name, name, "2005-01-01", "") for code, name in units)
    (home / "declarations" / "sources" / "figures.yml").write_text(source)
    (home / "declarations" / "unit_aliases.csv").write_text(matching_header() + aliases)
    return Home.load(home)


def matching_header() -> str:
    return ",".join(matching.COLUMNS) + "\n"


def file_of(folder: Path, *places: str) -> Path:
    path = folder / "figures_2023.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Place", "Figure"], *((place, n) for n, place in enumerate(places))])
    return path


def said(home: Home, text: str, *ignored: str) -> tuple[str, list[str]]:
    verdict, units = matching.Names(home, ignored).meant(text)
    return verdict, [code for code, _ in units]


UNITS = [("st_mary", "St. Mary's & St Paul's"), ("mulhouse", "Mülhausen-Süd"), ("leeds", "Leeds NHS Trust")]


@pytest.mark.parametrize(
    ("text", "verdict", "unit"),
    [
        ("Leeds NHS Trust", "exact", "leeds"),
        ("Leeds\xa0 NHS Trust ", "exact", "leeds"),
        ("mulhouse", "exact", "mulhouse"),
        ("Mu\u0308lhausen-Su\u0308d", "exact", "mulhouse"),
        ("LEEDS nhs trust", "cleaned", "leeds"),
        ("MULHAUSEN SUD", "cleaned", "mulhouse"),
        ("Harbour", "none", ""),
        ("St Mary’s and St Pauls", "cleaned", "st_mary"),
        ("Leeds, NHS; Trust!", "cleaned", "leeds"),
        ("Leed NHS Trust", "none", "leeds"),
        ("", "none", ""),
        ("—", "none", ""),
    ],
)
def test_what_a_text_means(tmp_path: Path, text: str, verdict: str, unit: str) -> None:
    assert said(home_of(tmp_path, UNITS), text) == (verdict, [unit] if unit else [])


def test_words_are_ignored_only_when_asked(tmp_path: Path) -> None:
    home = home_of(tmp_path, UNITS)
    assert said(home, "Leeds Foundation")[0] == "none"
    assert said(home, "Leeds Foundation", "nhs", "Trust", "Foundation") == ("cleaned", ["leeds"])
    assert said(home, "The NHS Trust", "nhs", "Trust", "The")[0] == "none"  # nothing is left of it


def test_one_cleaned_name_of_two_units_is_never_chosen(tmp_path: Path) -> None:
    home = home_of(tmp_path, [("north", "North-West"), ("north_2", "NORTH WEST"), ("east", "East")])
    assert said(home, "north west") == ("ambiguous", ["north", "north_2"])
    # not even where the text is exactly one of the two
    assert said(home, "North-West") == ("ambiguous", ["north", "north_2"])
    assert said(home, "East Trust", "Trust", "West") == ("cleaned", ["east"])
    # words that are ignored bring names together as well
    alike = home_of(tmp_path / "again", [("a", "Barnet Trust"), ("b", "Barnet Hospital")])
    assert said(alike, "Barnet", "Trust", "Hospital") == ("ambiguous", ["a", "b"])
    assert said(alike, "Barnet Trust", "Trust", "Hospital") == ("exact", ["a"])


def test_two_units_that_had_one_name_in_turn_are_ambiguous(tmp_path: Path) -> None:
    home = home_of(tmp_path, [("old", "Harbour"), ("new", "Harbour")])
    assert said(home, "Harbour") == ("ambiguous", ["new", "old"])


def test_an_alias_of_any_source_is_a_name(tmp_path: Path) -> None:
    home = home_of(tmp_path, [("u1", "Une")], "figures,Home,maison\nother,RX1 (closed),u1\n")
    assert said(home, "RX1 (closed)") == ("exact", ["u1"])
    assert said(home, "rx1 closed") == ("cleaned", ["u1"])


def test_a_number_is_given_anew_by_each_tool_and_reviewed(tmp_path: Path) -> None:
    home = home_of(tmp_path, [("u1", "Une")], "figures,Home,maison\nother,0107,u1\n")
    assert said(home, "0107") == ("cleaned", ["u1"])


def test_of_a_file_only_texts_without_a_unit_are_looked_at(tmp_path: Path) -> None:
    home = home_of(tmp_path, UNITS, "figures,Home,maison\nfigures,LDS,leeds\nfigures,Known,TODO\n")
    file = file_of(tmp_path, "Home", "LDS", "Mülhausen-Süd", "Mulhausen Sud", "Known", "Nowhere", "Total 6")
    found = matching.match_units(home, file, matching.source_of(home, file))
    assert (found.source, found.column, found.known, found.hidden) == ("figures", "Place", 2, 0)
    assert [(one.text, one.records, one.verdict, one.code) for one in found.matches] == [
        ("Known", 1, "none", "TODO"),
        ("Mulhausen Sud", 1, "cleaned", "mulhouse"),
        ("Mülhausen-Süd", 1, "exact", "mulhouse"),
        ("Nowhere", 1, "none", "TODO"),
    ]
    told = "\n".join(matching.lines_of(found))
    assert "6 texts, 2 with a unit already" in told
    assert 'cleaned: "Mulhausen Sud" (1 records) as mulhouse "Mülhausen-Süd"' in told


def test_written_lines_ask_what_was_only_alike(tmp_path: Path) -> None:
    before = "figures,Home,maison\r\nfigures,Nowhere,TODO\r\nfigures,LEEDS  nhs trust,TODO\r\nother,Leeds NHS Trust,TODO"
    home = home_of(tmp_path, UNITS, before)
    path = home.path / "declarations" / "unit_aliases.csv"
    path.write_bytes(("\ufeff" + matching_header().strip() + "\r\n" + before).encode())
    file = file_of(
        tmp_path,
        "Leeds NHS Trust",
        "LEEDS NHS TRUST",
        "mulhausen sud",
        "Nowhere",
        "LEEDS nhs trust",
        'A, "B"',
    )
    found = matching.match_units(home, file, "figures")
    assert matching.write_aliases(home, "figures", matching.answers_of(found)) == (0, 4)
    head = "\ufeffsource,alias,unit_code\r\n" + before + "\r\n"
    assert path.read_bytes().decode() == head + (
        'figures,"A, ""B""",TODO\r\nfigures,LEEDS NHS TRUST,TODO\r\n'
        "figures,Leeds NHS Trust,leeds\r\nfigures,mulhausen sud,TODO\r\n"
    )
    loaded = Home.load(home.path)
    assert loaded.aliases["figures"] == {"Home": "maison", "Leeds NHS Trust": "leeds"}
    assert "which unit of units.csv is each text?" in str(loaded.drafts[0])


def test_accepted_names_answer_their_questions_in_place(tmp_path: Path) -> None:
    home = home_of(
        tmp_path, UNITS, "figures,mulhausen sud,TODO\nfigures,Home,maison\nother,mulhausen sud,TODO\n"
    )
    found = matching.match_units(home, file_of(tmp_path, "mulhausen sud", "Nowhere"), "figures")
    answers = matching.answers_of(found, accept_cleaned=True)
    assert answers == {"mulhausen sud": "mulhouse", "Nowhere": "TODO"}
    assert matching.write_aliases(home, "figures", answers) == (1, 1)
    assert (home.path / "declarations" / "unit_aliases.csv").read_text() == matching_header() + (
        "figures,mulhausen sud,mulhouse\nfigures,Home,maison\nother,mulhausen sud,TODO\nfigures,Nowhere,TODO\n"
    )
    # nothing is asked twice, and no answer is replaced
    again = matching.match_units(
        Home.load(home.path), file_of(tmp_path, "mulhausen sud", "Nowhere"), "figures"
    )
    assert (again.known, matching.write_aliases(home, "figures", matching.answers_of(again))) == (1, (0, 0))


def test_what_could_be_about_a_person_is_counted_and_not_shown(tmp_path: Path) -> None:
    kind = SOURCE.replace("kind: measures", "kind: responses").replace(
        "measures: [{code: figure, column: Figure, kpi: figure, statistic: share}]",
        "items: [{code: q1, column: Figure, dimension: trust, min: 0, max: 10}]",
    )
    answers = kind.replace("{unit: Place}", "{unit: Place, response: '@record'}")
    home = home_of(tmp_path, UNITS, source=answers)
    file = file_of(
        tmp_path, "Ysolde Canari", "a.b@canari.example", "x" * 90, "LEEDS NHS TRUST", *["Depot"] * 3
    )
    found = matching.match_units(home, file, "figures")
    assert found.hidden == 3
    told = "\n".join(matching.lines_of(found)) + str(matching.answers_of(found))
    assert "Depot" in told
    assert "canari" not in told.casefold()
    assert "xxx" not in told


def test_a_source_still_asked_about_is_matched_by_its_column(tmp_path: Path) -> None:
    home = home_of(tmp_path, UNITS, "other,Home,maison\n", SOURCE.replace("clients", "TODO"))
    file = file_of(tmp_path, "Leeds NHS Trust", "Nowhere")
    with pytest.raises(matching.NotMatchedError, match="no source matches the name figures_2023"):
        matching.source_of(home, file)
    found = matching.match_units(home, file, "figures")
    assert [(one.text, one.code) for one in found.matches] == [
        ("Leeds NHS Trust", "leeds"),
        ("Nowhere", "TODO"),
    ]
    with pytest.raises(matching.NotMatchedError, match='has no column "Ort"; it has "Place", "Figure"'):
        matching.match_units(home, file, "figures", "Ort")


def test_a_source_nobody_declared_needs_its_column_and_may_be_of_people(tmp_path: Path) -> None:
    home = home_of(tmp_path, UNITS)
    file = file_of(tmp_path, "Leeds NHS Trust", "Nowhere")
    with pytest.raises(matching.NotMatchedError, match="name the column of the units with --column"):
        matching.match_units(home, file, "unknown")
    found = matching.match_units(home, file, "unknown", "Place")
    assert ([(one.text, one.code) for one in found.matches], found.hidden) == (
        [("Leeds NHS Trust", "leeds")],
        1,
    )


class TestRealTrusts:
    """131 ranked trusts, named with no-break spaces and without a code, against the staff survey of the same year."""

    pytestmark = real
    # What the names of the two files differ by beyond case and spaces: a comma, an island, a merger, a renaming.
    APART = (
        "Isle of Wight NHS Trust",
        "Portsmouth Hospitals University NHS Trust",
        "The Queen Elizabeth Hospital, King's Lynn, NHS Foundation Trust",
        "Wrightington, Wigan and Leigh NHS Foundation Trust",
    )

    def surveyed(self) -> dict[str, str]:
        with SURVEY.open(encoding="utf-8-sig", newline="") as file:
            named = {
                row["ODS code"]: row["Organisation name"]
                for row in csv.DictReader(file)
                if row["Year"] == "2023"
            }
        return {f"t_{code.lower()}": name for code, name in named.items() if code.isalnum()}

    def ranked(self) -> list[str]:
        lines = CalamineWorkbook.from_path(INPATIENTS).get_sheet_by_name("Intercept rankings").to_python()
        return [" ".join(str(line[0]).split()) for line in lines[1:] if str(line[0]).strip()]

    def found(self, folder: Path) -> matching.Matched:
        ranking = (
            SOURCE.replace("figures_*.csv", "inpatient_*.xlsx")
            .replace("keys: {unit: Place}", "sheet: Intercept rankings\nkeys: {unit: Trust}\ndrop: ['*']")
            .replace("column: Figure", "column: Overall ranking")
        )
        home = home_of(folder, list(self.surveyed().items()), source=ranking)
        return matching.match_units(home, INPATIENTS, "figures")

    def test_127_of_131_differ_by_spaces_and_case_alone_and_the_others_are_named(
        self, tmp_path: Path
    ) -> None:
        found, names = self.found(tmp_path), self.surveyed()
        assert len(found.matches) == 131
        joined = {one.text: one.code for one in (*found.of("exact"), *found.of("cleaned"))}
        by_case = {text for text, code in joined.items() if tidy(text) == tidy(names[code])}
        assert len(by_case) == 127
        assert sorted({*self.ranked()} - by_case) == sorted(self.APART)

    def test_each_of_the_three_ways_is_told_apart(self, tmp_path: Path) -> None:
        found = self.found(tmp_path)
        assert len(found.of("exact")) == 125
        assert [one.text for one in found.of("cleaned")] == [
            "Liverpool Heart And Chest Hospital NHS Foundation Trust",
            "Sandwell And West Birmingham Hospitals NHS Trust",
            self.APART[2],
        ]
        assert found.of("ambiguous") == ()
        assert [one.text for one in found.of("none")] == [self.APART[0], self.APART[1], self.APART[3]]
        wigan = found.of("none")[2]
        assert wigan.units[0] == (
            "t_rrf",
            "Wrightington, Wigan and Leigh Teaching Hospitals NHS Foundation Trust",
        )
        assert list(matching.answers_of(found).values()).count("TODO") == 6
        assert list(matching.answers_of(found, accept_cleaned=True).values()).count("TODO") == 3


def tidy(name: str) -> str:
    return " ".join(name.split()).casefold()


class TestCommand:
    def test_it_writes_on_write_only_and_asks_what_is_cleaned(self, tmp_path: Path) -> None:
        home = home_of(tmp_path, UNITS).path
        aliases = home / "declarations" / "unit_aliases.csv"
        before = aliases.read_text()
        file = file_of(tmp_path, "Leeds NHS Trust", "LEEDS NHS TRUST", "Nowhere")
        told = relier(home, "match", str(file))
        assert told.returncode == 0, told.stderr
        assert 'cleaned: "LEEDS NHS TRUST" (1 records) as leeds "Leeds NHS Trust"' in told.stdout
        assert "Nothing is written" in told.stdout
        assert aliases.read_text() == before
        told = relier(home, "match", str(file), "--write")
        assert "0 lines answered, 3 added; 2 texts still say TODO" in told.stdout
        assert aliases.read_text() == before + (
            "figures,LEEDS NHS TRUST,TODO\nfigures,Leeds NHS Trust,leeds\nfigures,Nowhere,TODO\n"
        )
        told = relier(home, "match", str(file), "--write", "--accept-cleaned", "--ignore", "Foundation")
        assert "1 lines answered, 0 added; 1 texts still say TODO" in told.stdout
        assert "1 cleaned names were accepted" in told.stdout
        assert "figures,LEEDS NHS TRUST,leeds\n" in aliases.read_text()

    def test_it_refuses_in_a_sentence(self, tmp_path: Path) -> None:
        home = home_of(tmp_path, UNITS).path
        other = tmp_path / "other.csv"
        other.write_text("Place,Figure\nLeeds,1\n")
        for given, said in (
            ([str(other)], "no source matches the name other.csv; say whose file it is with --source"),
            ([str(other), "--accept-cleaned"], "which only --write brings into unit_aliases.csv"),
            ([str(other), "--source", "figures", "--column", "Ort"], 'expected a header with "Ort"'),
        ):
            told = relier(home, "match", *given)
            assert told.returncode == 1
            assert said in told.stderr
            assert "Traceback" not in told.stderr
