"""Golden files of each survey format: the traps of real exports, one behaviour a test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, MeasureSpec, WaveSpec

Decode = Callable[..., Decoded]
Q1 = ItemSpec("q1", "Q1", minimum=1, maximum=5)
LIME = (
    '\ufeff"id";"submitdate";"lastpage";"startlanguage";"G0[AG]";"G1[SQ001]";"G1[SQ002]";"VERB"\r\n'
    '"1";"2026-03-01 10:12:00";"3";"fr";"LY";"A4";"A5";"On m\'écoute ""vraiment"",\nsouvent"\r\n'
    '"2";"2026-03-01 11:00:00";"3";"fr";"PA";"A2";"";""\r\n'
    '"3";;"1";"fr";"LY";"A3";;\r\n'
    "\r\n"
)
AGREE = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "A4": 4.0, "A5": 5.0}
LIME_PARTS = {
    "format": "limesurvey_csv",
    "keys": {"response": "id", "unit": "G0[AG]", "submitted_at": "submitdate"},
    "items": (
        ItemSpec("trust", "G1[SQ001]", minimum=1, maximum=5, values=AGREE),
        ItemSpec("fair", "Q_FAIR", ("G1[SQ002]",), 1, 5, AGREE, {"A9": "dont_know"}),
    ),
    "comments": ("VERB",),
}


def test_limesurvey_tells_not_shown_from_blank_and_complete_from_begun(read: Decode) -> None:
    decoded = read(LIME, **LIME_PARTS)
    table = decoded.table
    assert (decoded.records, decoded.accepted, decoded.encoding, decoded.delimiter) == (
        3,
        3,
        "utf-8-sig",
        ";",
    )
    assert table["trust"].to_pylist() == [4, 2, 3]
    assert table["fair"].to_pylist() == [5, None, None]
    assert table["fair__why"].to_pylist() == [None, "blank", "not_shown"]
    assert table["is_complete"].to_pylist() == [True, True, False]
    assert table["unit_code"].to_pylist() == ["lyon", "paris", "lyon"]
    assert table["language_code"].to_pylist() == ["fr"] * 3
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 3, 1, 9, 12)
    assert table["submitted_date"].to_pylist() == [date(2026, 3, 1), date(2026, 3, 1), None]
    assert "VERB" not in table.column_names


def test_limesurvey_opened_in_a_spreadsheet_no_longer_tells_them_apart(read: Decode) -> None:
    flat = "id;submitdate;G0[AG];G1[SQ001];G1[SQ002]\n1;2026-03-01 10:12:00;LY;A4;\n"
    decoded = read(flat, **LIME_PARTS | {"comments": ()})
    assert "trust__why" not in decoded.table.column_names
    assert decoded.table["fair__why"].to_pylist() == ["blank"]  # this item declares missing codes


def test_limesurvey_personal_columns_must_be_declared_dropped(read: Decode) -> None:
    text = LIME.replace('"lastpage"', '"ipaddr"')
    with pytest.raises(FileProblem) as caught:
        read(text, **LIME_PARTS)
    problem = caught.value
    assert (problem.reason, problem.status, problem.records) == ("undeclared_column", "held", 3)
    assert 'add "ipaddr" to `drop:`' in str(problem)
    assert read(text, **LIME_PARTS, drop=("ip*",)).accepted == 3


def test_a_question_code_with_brackets_is_no_glob(read: Decode) -> None:
    assert read(LIME, **LIME_PARTS | {"comments": ()}, drop=("VERB", "G0[AG]")).accepted == 3


QUALTRICS = (
    "StartDate,Status,Finished,ResponseId,RecordedDate,Q1,Q2_1,Q2_2,Q3\n"
    "Date de début,Type de réponse,Terminé,ID de réponse,Date,Recommandation,"
    'Écoute - Manager,"Écoute,\n- Direction",Pourquoi ?\n'
    '"{""ImportId"":""startDate"",""timeZone"":""Europe/Paris""}","{""ImportId"":""status""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""_recordId""}","{""ImportId"":""recordedDate"",""timeZone"":""America/New_York""}","{""ImportId"":""QID1""}",'
    '"{""ImportId"":""QID2"",""choiceId"":""1""}","{""ImportId"":""QID2_2""}","{""ImportId"":""QID3_TEXT""}"\n'
    '2026-03-01 09:00:00,0,1,R_1,2026-03-01 09:00:00,9,4,-99,"Merci\nbeaucoup"\n'
    "2026-03-01 09:00:00,1,1,R_2,2026-03-01 09:00:00,8,,5,\n"
    "2026-03-01 09:00:00,Spam,False,R_3,2026-03-01 09:00:00,7,3,2,\n"
)
QUALTRICS_PARTS = {
    "format": "qualtrics_csv",
    "keys": {},
    "unit": "lyon",
    "items": (
        ItemSpec("reco", "QID1", minimum=0, maximum=10),
        ItemSpec("manager", "QID2_1", minimum=1, maximum=5),
        ItemSpec("board", "Écoute, - Direction", minimum=1, maximum=5),
    ),
    "comments": ("Q3",),
}


def test_qualtrics_keys_on_import_id_tag_or_text_and_its_own_time_zone(read: Decode) -> None:
    decoded = read(QUALTRICS, **QUALTRICS_PARTS)
    table = decoded.table
    assert (decoded.records, decoded.accepted) == (3, 3)
    assert table["response_id"].to_pylist() == ["R_1", "R_2", "R_3"]
    assert table["reco"].to_pylist() == [9, 8, 7]
    assert table["board"].to_pylist() == [None, 5, 2]
    assert table["submitted_at"].to_pylist()[0] == datetime(2026, 3, 1, 14)


def test_qualtrics_seen_unanswered_makes_empty_mean_not_shown(read: Decode) -> None:
    table = read(QUALTRICS, **QUALTRICS_PARTS).table
    assert table["board__why"].to_pylist() == ["seen_unanswered", None, None]
    assert table["manager__why"].to_pylist() == [None, "not_shown", None]
    untold = read(QUALTRICS.replace("-99", "4"), **QUALTRICS_PARTS).table
    assert "board__why" not in untold.column_names


def test_qualtrics_previews_and_spam_are_tests_and_unfinished_is_incomplete(read: Decode) -> None:
    table = read(QUALTRICS, **QUALTRICS_PARTS).table
    assert table["is_test"].to_pylist() == [False, True, True]
    assert table["is_complete"].to_pylist() == [True, True, False]


def test_qualtrics_without_its_header_rows_is_held(read: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        read("ResponseId,Q1\nR_1,5\nR_2,4\n", **QUALTRICS_PARTS)
    assert (caught.value.reason, caught.value.status) == ("header_not_recognised", "held")


def workbook(*rows: list[object], **sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, content in sheets.items():
        extra = book.create_sheet(name)
        extra.sheet_state = "hidden"
        for row in content:
            extra.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMS_PARTS = {
    "format": "forms_xlsx",
    "keys": {"unit": "Agence", "respondent": "Email"},
    "items": (ItemSpec("reco", "Recommanderiez-vous ?", minimum=0, maximum=10),),
    "drop": ("Name", "Nom"),
}


def test_forms_workbook_with_no_break_spaces_dates_and_anonymous(read: Decode) -> None:
    content = workbook(
        [
            "ID",
            "Start\u00a0time",
            "Completion time",
            "Email",
            "Name",
            "Agence",
            "Recommanderiez-vous\u00a0?\n",
        ],
        [1, datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 9, 3, 10), "anonymous", None, "LY", 9],
        [],
        [2, 46082.0, 46082.375, "a@example.org", None, "PA", 7],
        hidden=[["x"]],
    )
    decoded = read(content, name="partners.csv", **FORMS_PARTS)
    assert (decoded.records, decoded.accepted, decoded.encoding) == (2, 2, "workbook")
    table = decoded.table
    assert table["submitted_at"].to_pylist() == [datetime(2026, 3, 1, 8, 3, 10), datetime(2026, 3, 1, 8)]
    assert table["respondent_id"].to_pylist() == [None, "a@example.org"]
    assert (table["response_id"].to_pylist(), table["reco"].to_pylist()) == (["1", "2"], [9, 7])


def test_forms_in_french_is_matched_by_synonyms(read: Decode) -> None:
    content = workbook(
        [
            "ID",
            "Heure de début",
            "Heure de fin",
            "Adresse de messagerie",
            "Nom",
            "Agence",
            "Recommanderiez-vous ?",
        ],
        [1, None, datetime(2026, 3, 1, 9), "anonyme", None, "LY", 9],
    )
    table = read(content, **FORMS_PARTS).table
    assert table["submitted_date"].to_pylist() == [date(2026, 3, 1)]
    assert table["respondent_id"].to_pylist() == [None]


def test_a_quarantined_workbook_record_names_its_sheet_row(read: Decode) -> None:
    content = workbook(["id", "unit", "Q1"], [1, "LY", 3], [None], [2, "LY", 11])
    problem = read(content).quarantined[0]
    assert (problem.record, problem.line, problem.reason, problem.found) == (2, 4, "out_of_scale", "withheld")


def test_workbook_numbers_and_texts_in_one_column(read: Decode) -> None:
    content = workbook(["unit", "share"], ["LY", 0.66], ["PA", "66 %"], ["LY", "n/a"], ["PA", 1.234])
    measure = MeasureSpec("m", "share", scale="share", missing={"n/a": "suppressed"})
    decoded = read(content, kind="measures", keys={"unit": "unit"}, items=(), measures=(measure,))
    assert [str(value) for value in decoded.table["value"].to_pylist()] == ["0.660000", "0.660000", "None"]
    assert [problem.reason for problem in decoded.quarantined] == ["out_of_scale"]


def test_a_workbook_too_large_cut_or_protected_is_refused(read: Decode) -> None:
    content = workbook(["id", "unit", "Q1"], [1, "LY", 3])
    with pytest.raises(FileProblem, match="unreadable"):
        read(content[: len(content) // 2])
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sheet.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(520):
            sheet.write(bytes(1 << 20))
    with pytest.raises(FileProblem, match="zip_bomb"):
        read(bomb.getvalue())


# -- any table --------------------------------------------------------------------------------------------------------


def reasons(decoded: Decoded) -> list[tuple[int | None, int | None, str]]:
    return [(problem.record, problem.line, problem.reason) for problem in decoded.quarantined]


def test_every_bad_record_is_quarantined_alone_with_its_line(read: Decode) -> None:
    decoded = read(
        'id,unit,Q1,note\n1,LY,3,"a\nb"\n2,XX,3,\n\n3,LY,9,\n4,LY,three,\n5,LY,3\n,LY,3,\n6,,3,\n7,LY,,\n',
        drop=("note",),
    )
    assert (decoded.records, decoded.accepted, decoded.duplicates) == (8, 2, 0)
    assert reasons(decoded) == [
        (2, 4, "unknown_unit"),
        (3, 6, "out_of_scale"),
        (4, 7, "unreadable_answer"),
        (5, 8, "wrong_width"),
        (6, 9, "missing_key"),
        (7, 10, "unknown_unit"),
    ]
    assert decoded.table["record_number"].to_pylist() == [1, 8]
    assert decoded.quarantined[0].found == '"XX"'
    assert "survey,XX,<unit_code>" in decoded.quarantined[0].fix


def test_identical_rows_of_one_response_are_duplicates_different_ones_stay(read: Decode) -> None:
    decoded = read("id,unit,Q1\n1,LY,3\n1,LY,3\n2,LY,3\n2,LY,4\n")
    assert (decoded.records, decoded.accepted, decoded.duplicates) == (4, 3, 1)
    assert decoded.table["response_id"].to_pylist() == ["1", "2", "2"]


def test_without_a_response_key_equal_answers_are_different_people(read: Decode) -> None:
    decoded = read("unit,Q1\nLY,3\nLY,3\n", keys={"unit": "unit"})
    assert (decoded.accepted, decoded.duplicates) == (2, 0)
    assert len(set(decoded.table["response_id"].to_pylist())) == 2


def test_french_decimals_weights_and_segments(read: Decode) -> None:
    decoded = read(
        "id;unit;Q1;poids;âge\n1;LY;3,5;1,25;25\u00a0ans\n2;LY;4;0,5;\n",
        keys={"response": "id", "unit": "unit", "weight": "poids"},
        segments={"age": "âge"},
    )
    assert decoded.table["q1"].to_pylist() == [3.5, 4]
    assert [str(weight) for weight in decoded.table["weight"].to_pylist()] == ["1.250000", "0.500000"]
    assert decoded.table["segment_age"].to_pylist() == ["25 ans", None]


def test_declared_missing_codes_are_no_errors_and_say_why(read: Decode) -> None:
    item = ItemSpec("q1", "Q1", minimum=1, maximum=5, missing={"6": "not_applicable", "NSP": "dont_know"})
    table = read("id,unit,Q1\n1,LY,6\n2,LY,NSP\n3,LY,\n4,LY,5\n", items=(item,)).table
    assert table["q1"].to_pylist() == [None, None, None, 5]
    assert table["q1__why"].to_pylist() == ["not_applicable", "dont_know", "blank", None]


def test_with_declared_values_a_bare_number_is_not_guessed(read: Decode) -> None:
    item = ItemSpec("q1", "Q1", minimum=0, maximum=100, values={"1": 0.0, "2": 100.0})
    decoded = read("id,unit,Q1\n1,LY,2\n2,LY,50\n", items=(item,))
    assert decoded.table["q1"].to_pylist() == [100]
    assert reasons(decoded) == [(2, 3, "unreadable_answer")]


@pytest.mark.parametrize(
    ("content", "reason", "status", "records"),
    [
        ("", "empty", "refused", 0),
        ("id,unit,Q1\n", "no_records", "refused", 0),
        ('id,unit,Q1\n1,LY,3\n2,LY,"4', "truncated", "refused", 2),
        ("id,unit,Q1\n1,LY,3\n2,L", "truncated", "refused", 2),
        ("<!DOCTYPE html><html>", "not_a_table", "refused", 0),
        ("id,unit,Q1,extra\n1,LY,3,x\n", "undeclared_column", "held", 1),
        ("id,unit,Q01\n1,LY,3\n", "missing_column", "held", 1),
        ("id,unit,Q1,Q1\n1,LY,3,3\n", "duplicate_column", "held", 1),
        ("1,LY,3\n2,LY,4\n", "header_not_recognised", "held", 1),
        ("id;unit;Q1\n1;LY;1,5\n2;LY;1.5\n", "unsettled_decimal_mark", "held", 2),
    ],
)
def test_whole_files_that_cannot_be_taken(
    read: Decode, content: str, reason: str, status: str, records: int
) -> None:
    with pytest.raises(FileProblem) as caught:
        read(content)
    assert (caught.value.reason, caught.value.status, caught.value.records) == (reason, status, records)
    assert caught.value.fix


def test_a_missing_column_is_named_with_the_one_that_resembles_it(read: Decode) -> None:
    with pytest.raises(FileProblem, match=r'has "Q01"; add `aliases: \["Q01"\]`'):
        read("id,unit,Q01\n1,LY,3\n")


def test_a_file_without_header_never_has_its_answers_quoted(read: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        read("4711,LY,secret words\n4712,LY,x\n")
    shown = str(caught.value) + "".join(map(str, caught.value.problems))
    assert not any(value in shown for value in ("4711", "secret words", "LY"))


def test_ambiguous_dates_hold_the_file_until_declared(read: Decode) -> None:
    content = "id,unit,Q1,at\n1,LY,3,01/02/2026\n2,LY,3,soon\n"
    keys = {"response": "id", "unit": "unit", "submitted_at": "at"}
    with pytest.raises(FileProblem, match="time_formats") as caught:
        read(content, keys=keys)
    assert (caught.value.reason, caught.value.status, caught.value.records) == ("ambiguous_dates", "held", 2)
    decoded = read(content, keys=keys, time_formats=("%d/%m/%Y",))
    assert decoded.table["submitted_date"].to_pylist() == [date(2026, 2, 1)]
    assert reasons(decoded) == [(2, 3, "bad_date")]


def test_the_wave_comes_from_the_file_name(read: Decode) -> None:
    waves = (WaveSpec("2026-Q1", "survey_2026T1*"), WaveSpec("2026-Q2", "survey_2026T2*"))
    content = "id,unit,Q1\n1,LY,3\n"
    decoded = read(content, name="sub/survey_2026T2_v2.csv", waves=waves)
    assert (decoded.wave_code, decoded.table["wave_code"].to_pylist()) == ("2026-Q2", ["2026-Q2"])
    with pytest.raises(FileProblem, match="under waves") as caught:
        read(content, name="survey_2026T3.csv", waves=waves)
    assert (caught.value.reason, caught.value.status, caught.value.records) == ("unknown_wave", "held", 1)


def test_a_continuous_source_needs_a_date_for_its_period(read: Decode) -> None:
    keys = {"response": "id", "unit": "unit", "submitted_at": "at"}
    decoded = read("id,unit,Q1,at\n1,LY,3,2026-03-01\n2,LY,3,\n", keys=keys, waves=None)
    assert (decoded.wave_code, decoded.accepted) == (None, 1)
    assert reasons(decoded) == [(2, 3, "missing_key")]


def test_blank_lines_of_delimiters_are_no_records(read: Decode) -> None:
    decoded = read("id;unit;Q1\n1;LY;3\n;;\n2;LY;4\n;;\n")
    assert (decoded.records, decoded.accepted) == (2, 2)


def test_a_stray_quote_costs_its_record_only(read: Decode) -> None:
    decoded = read('id,unit,Q1,c\n1,LY,3,"he said "yes" twice"\n2,LY,4,"fine"\n', comments=("c",))
    assert (decoded.records, decoded.accepted) == (2, 1)
    assert reasons(decoded) == [(1, 2, "stray_quote")]


def test_an_unnamed_trailing_column_must_be_empty(read: Decode) -> None:
    assert read("id;unit;Q1;\n1;LY;3;\n").accepted == 1
    with pytest.raises(FileProblem, match="column 4"):
        read("id;unit;Q1;\n1;LY;3;hello\n")


def test_the_header_can_be_lower_in_the_file(read: Decode) -> None:
    assert read("Report of March\n\nid,unit,Q1\n1,LY,3\n", header_row=3).accepted == 1


def test_wide_measures_become_long_with_their_count(read: Decode) -> None:
    measures = (
        MeasureSpec("engaged", "EES", ("Engagement",), "percent", {".": "suppressed"}),
        MeasureSpec("pay", "Pay", (), "percent", {"n/a": "suppressed"}),
    )
    decoded = read(
        "org,n,Engagement,Pay\nLY,1 204,62%,31%\nPA,.,.,n/a\nLY,5,62,\n",
        kind="measures", items=(), measures=measures, keys={"unit": "org", "n": "n"},
    )  # fmt: skip
    assert (decoded.records, decoded.accepted, decoded.table.num_rows) == (3, 3, 6)
    rows = decoded.table.select(
        ["record_number", "unit_code", "measure_code", "value", "n", "missing_reason"]
    )
    assert [tuple(map(str, row.values())) for row in rows.to_pylist()] == [
        ("1", "lyon", "engaged", "62.000000", "1204", "None"),
        ("1", "lyon", "pay", "31.000000", "1204", "None"),
        ("2", "paris", "engaged", "None", "None", "suppressed"),
        ("2", "paris", "pay", "None", "None", "suppressed"),
        ("3", "lyon", "engaged", "62.000000", "5", "None"),
        ("3", "lyon", "pay", "None", "5", "blank"),
    ]
