"""Drafts: what is recognised is written, what only a person knows is asked, nothing is written over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipelines.declared import Home, source_spec
from pipelines.ingest import decode
from pipelines.onboarding import adding
from pipelines.onboarding.check import check
from pipelines.onboarding.choices import options_of
from pipelines.onboarding.draft import Draft
from pipelines.onboarding.look import look_at
from pipelines.onboarding.moments import formats_of
from pipelines.onboarding.naming import files_pattern, source_name, wave_of
from pipelines.onboarding.words import family_of
from pipelines.onboarding.yaml import scalar
from pipelines.rawfile import RawFile
from tests.conftest import relier
from tests.unit.onboarding.homes import answer, drafted_into, empty_home

GOLDEN = Path(__file__).with_name("golden")


def draft(folder: Path, name: str, text: str, questionnaire: adding.Questionnaire | None = None) -> Draft:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    home = Home.load(empty_home(folder))
    return adding.drafted(file, home, None, questionnaire or adding.Questionnaire(), None)


@pytest.mark.parametrize(
    ("file", "name", "pattern", "wave"),
    [
        ("2013_SFO_Survey_20250817.csv", "sfo_survey", "*_SFO_Survey_*.csv", ("2013", "2013_SFO_Survey_*.csv")),
        ("barometre_2025T1.csv", "barometre", "barometre_*T*.csv", ("2025-Q1", "barometre_2025T1.csv")),
        ("Enquête clients janv. 2026.xlsx", "enquete_clients", "Enquête clients *.xlsx", ("2026", "Enquête clients janv. 2026.xlsx")),
        ("nps_2024-03 (2).csv", "nps", "nps_*.csv", ("2024-03", "nps_2024-03 (*).csv")),
        ("export.csv", "export", "export.csv", ("1", "export.csv")),
        ("20240101.csv", "source", "20240101.csv", ("2024-01", "20240101.csv")),
    ],
)  # fmt: skip
def test_a_file_name_gives_the_source_its_pattern_and_the_wave(
    file: str, name: str, pattern: str, wave: tuple[str, str]
) -> None:
    assert (source_name(file), files_pattern(file), wave_of(file)) == (name, pattern, wave)


def test_options_with_the_separator_inside_are_found_by_frequency() -> None:
    answers = Counter(
        {
            "Slack, Teams ou Zoom": 4,
            "E-mail, Slack, Teams ou Zoom": 3,
            "E-mail": 5,
            "Guichet (Lyon, Lille), E-mail": 3,
            "Mon voisin": 1,
        }
    )
    found = options_of(answers)
    assert found is not None
    assert set(found.texts) == {"Slack, Teams ou Zoom", "E-mail", "Guichet (Lyon, Lille)"}
    assert found.others == 1


def test_options_that_each_end_with_a_semicolon_are_several_however_few_were_ticked_together() -> None:
    found = options_of(Counter({"E-mail;": 8, "Guichet;": 6, "E-mail;Guichet;": 1}))
    assert found is not None
    assert found.texts == ("E-mail", "Guichet")
    assert options_of(Counter({"E-mail;": 8, "Guichet": 6})) is None


def test_a_sentence_with_commas_is_no_list_of_options() -> None:
    assert options_of(Counter({"Oui, bien sûr": 5, "Non, jamais": 5})) is None


@pytest.mark.parametrize(
    ("texts", "points"),
    [
        (
            ["Very likely", "Undecided", "Very unlikely"],
            {"Very unlikely": 1, "Undecided": 3, "Very likely": 5},
        ),
        (
            ["Tout à fait d’accord", "Plutôt d'accord", "NSP"],
            {"Plutôt d'accord": 4, "Tout à fait d’accord": 5},
        ),
        (["Sehr zufrieden", "unzufrieden"], {"unzufrieden": 2, "Sehr zufrieden": 5}),
    ],
)
def test_a_verbal_scale_is_ordered_in_three_languages(texts: list[str], points: dict[str, float]) -> None:
    found = family_of(dict.fromkeys(texts, 3))
    assert found is not None
    assert found[0] == points


def test_words_of_no_scale_are_none() -> None:
    assert family_of({"Lyon": 3, "Lille": 2}) is None


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2024-03-01 09:00:00"], ()),
        (["31/01/2024", "02/03/2024"], ()),
        (["2-Jun-06", "14-Feb-12"], ("%d-%b-%y",)),
        (["03/04/2024", "05/06/2024"], ("?",)),
        (["31/01/2024", "01/31/2024", "02/03/2024", "04/05/2024"], ("?",)),
        (["12", "1450", "7"], None),
        (["Lyon"], None),
    ],
)
def test_dates_are_read_asked_about_or_are_none(texts: list[str], formats: tuple[str, ...] | None) -> None:
    assert formats_of(texts) == formats


@pytest.mark.parametrize(
    "text", ["no", "null", "1", "a: b", "#x", "*", "?", "x, y", "[a]", "é", "TODO", "", " a", "on", "a 'b'"]
)
def test_every_text_comes_back_from_yaml_as_it_was(text: str) -> None:
    import yaml

    assert yaml.safe_load(f"{{key: {scalar(text)}}}") == {"key": text}


LIME = (
    '"id";"submitdate";"lastpage";"startlanguage";"token";"G1[SQ001]";"G1[SQ002]";"CAN[TEL]";"CAN[MAIL]";"CAN[other]";"VERB"\r\n'
    '"1";"2026-03-01 10:12:00";"3";"fr";"t1";"A1";"A2";"Y";"";"";"On m\'écoute"\r\n'
    '"2";"2026-03-01 11:00:00";"3";"fr";"t2";"A2";"A9";"Y";"Y";"";""\r\n'
    '"3";"2026-03-02 11:00:00";"3";"fr";"t3";"A2";"A1";"";"Y";"";""\r\n\r\n'
)


def test_a_limesurvey_structure_fills_scale_wording_and_no_answers(tmp_path: Path) -> None:
    made = draft(tmp_path, "baro_2026.csv", LIME, adding.Questionnaire(lss=GOLDEN / "barometer.lss"))
    assert "format: limesurvey_csv" in made.text
    assert (
        "keys: {response: id, respondent: token, language: startlanguage, submitted_at: submitdate}"
        in made.text
    )
    assert "values: &answers_1 {A1: 1, A2: 2}" in made.text
    assert "missing: &no_answer_1 {A9: dont_know}" in made.text
    assert "text: {fr: On m'écoute, en: I am heard}" in made.text
    assert "column: CAN, options: [TEL, MAIL]" in made.text
    assert 'comments: ["CAN[other]", VERB]' in made.text
    assert "min: TODO" not in made.text.replace("&low", "")
    assert "dimension: TODO" in made.text
    assert "reversed: TODO" in made.text


QUALTRICS = (
    "StartDate,Status,Finished,ResponseId,RecordedDate,Q2_1,Q2_2,Q1,Q3,Q4\n"
    "Début,Type,Terminé,ID,Date,Diriez-vous - On m'écoute vraiment,Diriez-vous - On tient ses promesses,Reco,Canaux,Pourquoi\n"
    '"{""ImportId"":""startDate""}","{""ImportId"":""status""}","{""ImportId"":""finished""}","{""ImportId"":""_recordId""}",'
    '"{""ImportId"":""recordedDate""}","{""ImportId"":""QID2_1""}","{""ImportId"":""QID2_2""}","{""ImportId"":""QID1""}",'
    '"{""ImportId"":""QID3""}","{""ImportId"":""QID4_TEXT""}"\n'
    '2026-03-01 09:00:00,0,1,R_1,2026-03-01 09:05:00,4,-1,9,"Téléphone,Slack, Teams ou Zoom",Merci\n'
    "2026-03-01 10:00:00,0,1,R_2,2026-03-01 10:05:00,1,3,4,Téléphone,\n"
)


def test_a_qualtrics_survey_fills_scale_wording_options_and_the_recommendation(tmp_path: Path) -> None:
    made = draft(tmp_path, "clients_2026.csv", QUALTRICS, adding.Questionnaire(qsf=GOLDEN / "barometer.qsf"))
    assert "format: qualtrics_csv" in made.text
    assert "column: QID2_1, dimension: TODO, min: 1, max: 4, reversed: TODO" in made.text
    assert 'missing: &no_answer_1 {"-1": dont_know}' in made.text
    assert "text: {fr: On m'écoute vraiment, en: I am really heard}" in made.text
    assert "column: QID1, outcome: recommend, min: 0, max: 10" in made.text
    assert 'options: [Téléphone, "Slack, Teams ou Zoom", Autre]' in made.text
    assert "comments: [QID4_TEXT]" in made.text


def test_a_draft_with_a_questionnaire_loads_and_reads_once_answered(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file = tmp_path / "baro_2026.csv"
    file.write_text(LIME, encoding="utf-8")
    loaded = answer(home, drafted_into(home, file, adding.Questionnaire(lss=GOLDEN / "barometer.lss")))
    report = check(file, loaded)
    assert report["accepted"], report["verdict"]
    assert [one["scale"] for one in report["scales"]] == ["1 to 2", "1 to 2"]


def test_a_row_per_answer_is_declared_by_its_questions(tmp_path: Path) -> None:
    rows = [f"{n},q_{q},{(n * q) % 11},2025-03-{q + 10} 08:00:00" for n in range(1, 9) for q in (1, 2, 3)]
    text = "employeeId,questionId,answerScore,responseAnsweredAt\n" + "\n".join(rows) + "\n"
    made = draft(tmp_path, "peakon_2025.csv", text)
    assert "long: {question: questionId, answer: answerScore}" in made.text
    assert [f"column: q_{q}," in made.text for q in (1, 2, 3)] == [True] * 3


def test_records_of_a_json_document_are_found(tmp_path: Path) -> None:
    records = ",".join(
        f'{{"id":{n},"score":"{"good" if n % 2 else "bad"}","rating":{n % 5 + 1},"created_at":"2026-03-0{n}T09:00:00Z"}}'
        for n in range(1, 9)
    )
    made = draft(
        tmp_path, "ratings_2026.json", f'{{"meta":{{"more":false}},"satisfaction_ratings":[{records}]}}'
    )
    assert "records: satisfaction_ratings" in made.text
    assert "submitted_at: created_at" in made.text
    assert "column: rating" in made.text


def test_units_of_the_home_are_found_by_name_and_the_others_are_asked(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    units = home / "declarations" / "units.csv"
    units.write_text(units.read_text() + "ag_lyon,maison,Lyon Part-Dieu,Lyon,2005-01-01,\n")
    file = tmp_path / "avis_2025.csv"
    file.write_text(
        "Id,Lieu,Note\n" + "".join(f"{n},{'LYON' if n % 2 else 'Lille'},{n % 5}\n" for n in range(12))
    )
    made = adding.drafted(file, Home.load(home), None, adding.Questionnaire(), None)
    assert "unit: Lieu" in made.text
    assert made.aliases == (("LYON", "ag_lyon"), ("Lille", "TODO"))


def test_nothing_is_written_over_and_a_file_of_another_source_is_not_declared_twice(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file = tmp_path / "baro_2026.csv"
    file.write_text(LIME, encoding="utf-8")
    made = drafted_into(home, file, adding.Questionnaire(lss=GOLDEN / "barometer.lss"))
    answer(home, made)
    written = (home / "declarations/sources/baro.yml").read_bytes()
    again = relier(home, "add-source", str(file))
    assert again.returncode == 1
    assert "is not written over" in again.stderr
    other = relier(home, "add-source", str(file), "--name", "second")
    assert other.returncode == 1
    assert "already belongs to source 'baro'" in other.stderr
    shown = relier(home, "add-source", str(file), "--name", "second", "--print")
    assert shown.returncode == 0, shown.stderr
    assert "kind: responses" in shown.stdout
    assert (home / "declarations/sources/baro.yml").read_bytes() == written
    assert not (home / "declarations/sources/second.yml").exists()


def test_open_questions_are_told_by_line_once(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    file = tmp_path / "baro_2026.csv"
    file.write_text(LIME, encoding="utf-8")
    drafted_into(home, file, adding.Questionnaire(lss=GOLDEN / "barometer.lss"))
    waiting = Home.load(home)
    assert not waiting.sources
    told = "\n".join(map(str, waiting.drafts))
    assert "baro.yml:7: answer the question at line 7: `stakeholder:`" in told
    assert told.count("`dimension:`") == 1
    assert "true when a high answer is a bad one" in told


def test_value_labels_of_an_spss_file_fill_the_scale_and_its_missing_codes(tmp_path: Path) -> None:
    import pandas as pd
    import pyreadstat

    labels = {
        1: "Pas du tout d'accord",
        2: "Plutôt pas d'accord",
        3: "Plutôt d'accord",
        4: "Tout à fait d'accord",
        9: "NSP",
    }
    file = tmp_path / "baro_2026.sav"
    frame = pd.DataFrame({"id": range(1, 9), "q1": [1, 2, 3, 4, 9, 3, 2, 1], "agence": ["Lyon", "Lille"] * 4})
    pyreadstat.write_sav(
        frame, file, column_labels=["", "On m'écoute", ""], variable_value_labels={"q1": labels}
    )
    home = empty_home(tmp_path)
    made = drafted_into(home, file)
    assert "format: spss_sav" in made.text
    assert (
        'dimension: TODO, min: 1, max: 4, reversed: TODO, missing: &no_answer_1 {"9": dont_know}' in made.text
    )
    assert "text: {fr: On m'écoute" in made.text
    report = check(file, answer(home, made))
    assert report["accepted"], report["verdict"]
    assert report["scales"][0]["missing"] == {"dont_know": 0.125}


DEMO = Path(__file__).resolve().parents[3] / "examples" / "demo" / "landing"


@pytest.mark.parametrize(
    ("name", "form", "comment"),
    [
        ("barometre_2025T4.csv", "limesurvey_csv", "VERB"),
        ("clients_2025-Q4.csv", "qualtrics_csv", "QID5_TEXT"),
        ("partenaires_2025T4.xlsx", "forms_xlsx", None),
    ],
)
def test_a_draft_of_a_survey_full_of_comments_quotes_none(
    tmp_path: Path, name: str, form: str, comment: str | None
) -> None:
    home = empty_home(tmp_path)
    made = drafted_into(home, DEMO / name)
    assert f"format: {form}" in made.text
    look = look_at((DEMO / name).read_bytes(), name)
    sentences = [text for column in look.columns if column.kind == "text" for text in column.counts]
    pieces = {part.strip() for text in sentences for part in text.split(",") if len(part) > 20}
    assert bool(pieces) == (comment is not None)
    assert not [piece for piece in pieces if piece in made.text]
    if comment:
        assert f"comments: [{comment}]" in made.text
    assert "dimension: TODO" in made.text


def test_answer_codes_are_points_of_a_scale_still_to_be_told(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    made = drafted_into(home, DEMO / "barometre_2025T4.csv")
    assert "values: &answers_1 {A1: 1, A2: 2, A3: 3, A4: 4, A5: 5, A9: 9}" in made.text
    assert 'unit: "G0[AGENCE]"' in made.text
    report = check(DEMO / "barometre_2025T4.csv", answer(home, made))
    assert report["accepted"], report["verdict"]
    # four never submitted: without a date they belong to no period of a continuous source
    assert (report["records"], report["would_be_accepted"]) == (402, 398)


def test_a_response_of_a_long_file_is_never_known_by_its_answer(tmp_path: Path) -> None:
    rows = [
        f"{3 * n + q},E{n // 2},{500 + n},q_{q},{(n * q) % 11},2025-03-{q + 10} 08:00:00"
        for n in range(1, 9)
        for q in (1, 2, 3)
    ]
    header = "id,employeeId,responseId,questionId,answerScore,responseAnsweredAt\n"
    made = draft(tmp_path, "peakon_2025.csv", header + "\n".join(rows) + "\n")
    assert "long: {question: questionId, answer: answerScore}" in made.text
    assert "keys: {response: responseId," in made.text


def test_two_rows_of_an_array_are_a_scale_by_their_codes(tmp_path: Path) -> None:
    head = '"id";"submitdate";"lastpage";"startlanguage";"G1[SQ001]";"G1[SQ002]";"NPS"\n'
    rows = [
        f'"{n}";"2025-03-{n:02d} 08:00:00";"1";"fr";"A{n % 5 + 1}";"A{n % 4 + 1}";"{n % 11}"'
        for n in range(1, 25)
    ]
    made = draft(tmp_path, "barometer.csv", head + "\n".join(rows) + "\n")
    assert [f'column: "G1[SQ00{n}]", dimension: TODO' in made.text for n in (1, 2)] == [True, True]


def test_a_negative_code_beside_a_scale_is_no_answer_and_no_point(tmp_path: Path) -> None:
    rows = [f"r{n},2025-03-{n:02d} 08:00:00,{-99 if n % 6 == 0 else n % 5 + 1}" for n in range(1, 29)]
    made = draft(tmp_path, "export.csv", "response id,submitted at,rating\n" + "\n".join(rows) + "\n")
    assert '{"-99": seen_unanswered}' in made.text
    assert "seen: 1 to 5, 5 different" in made.text


@pytest.mark.parametrize(("step", "key"), [(1, "[Horodateur, Agence]"), (2, '"@record"')])
def test_responses_without_identifier_are_known_by_their_moment(tmp_path: Path, step: int, key: str) -> None:
    # the export of a form holds every response since its first day, again and again
    rows = [
        f"{n // step + 10}/03/2025 18:12:05,Agence {'Nord' if n % 2 else 'Sud'},{n % 11}"
        for n in range(0, 18)
    ]
    text = "Horodateur,Agence,Note globale (0-10)\n" + "\n".join(rows) + "\n"
    made = draft(tmp_path, "formulaire.csv", text)
    assert f"keys: {{response: {key}, submitted_at: Horodateur, unit: Agence}}" in made.text
    assert ("count twice" in made.text) == (step == 2)


def test_an_answer_never_submitted_is_not_told_to_correct_its_date(tmp_path: Path) -> None:
    home = empty_home(tmp_path)
    loaded = answer(home, drafted_into(home, DEMO / "barometre_2025T4.csv"))
    spec = source_spec(loaded, next(iter(loaded.sources)))
    decoded = decode(DEMO / "barometre_2025T4.csv", "barometre_2025T4.csv", spec)
    with RawFile(loaded, tmp_path / "raw", spec, "file", b"k" * 32) as file:
        file.add(decoded.table, decoded.wave_code)
        told = [(one.found, one.fix) for one in file.strays]
    assert [found for found, _ in told] == ["no day"] * 4
    assert all("never finished" in fix and "valid_from" not in fix for _, fix in told)
