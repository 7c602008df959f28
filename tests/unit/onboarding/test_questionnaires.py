"""Questionnaires of Qualtrics and LimeSurvey: wording by language, answers in order; hostile files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.onboarding.lss import read_lss
from pipelines.onboarding.qsf import read_qsf
from pipelines.onboarding.wording import QuestionnaireError, plain

GOLDEN = Path(__file__).with_name("golden")


def test_a_qualtrics_matrix_has_its_rows_as_columns_and_its_answers_as_scale() -> None:
    wording = read_qsf(GOLDEN / "barometer.qsf")
    row = wording.of("QID2_1")
    assert row is not None
    assert row is wording.of("Q2_1")
    assert row.texts == {"fr": "On m'écoute vraiment", "en": "I am really heard"}
    values, missing = row.scale(labelled=False)
    assert values == {"1": 1, "2": 2, "3": 3, "4": 4}
    assert missing == {"-1": "dont_know"}
    assert row.options[0].labels == {"fr": "Pas du tout d'accord", "en": "Strongly disagree"}


def test_a_qualtrics_survey_is_told_in_its_blocks_order_without_the_trash_and_the_texts_without_html() -> (
    None
):
    wording = read_qsf(GOLDEN / "barometer.qsf")
    assert [question.columns[0] for question in wording][:3] == ["Q2_2", "Q2_1", "Q1"]
    assert wording.of("Q9") is None
    assert wording.of("Q6") is None
    nps = wording.of("Q1")
    assert nps is not None
    assert nps.numeric == (0, 10)
    assert nps.texts == {"fr": "Recommanderiez-vous l'agence ?", "en": "Would you recommend the branch?"}


def test_a_qualtrics_multi_select_keeps_an_option_with_commas_whole() -> None:
    question = read_qsf(GOLDEN / "barometer.qsf").of("QID3")
    assert question is not None
    assert question.multiple
    assert [option.labels["fr"] for option in question.options] == [
        "Téléphone",
        "Slack, Teams ou Zoom",
        "Autre",
    ]
    free = read_qsf(GOLDEN / "barometer.qsf").of("Q3_3_TEXT")
    assert free is not None
    assert free.open


def test_a_limesurvey_array_has_its_rows_translations_and_answers_in_order() -> None:
    wording = read_lss(GOLDEN / "barometer.lss")
    row = wording.of("G1[SQ001]")
    assert row is not None
    assert row is wording.of("G1_SQ001")
    assert row.texts == {"fr": "On m'écoute", "en": "I am heard"}
    assert row.scale(labelled=False) == ({"A1": 1, "A2": 2}, {"A9": "dont_know"})
    assert row.scale(labelled=True)[0]["Tout à fait d'accord"] == 2


def test_a_limesurvey_multi_select_and_free_text_are_told_apart() -> None:
    wording = read_lss(GOLDEN / "barometer.lss")
    ticks = wording.of("CAN[MAIL]")
    assert ticks is not None
    assert ticks.multiple
    assert [option.code for option in ticks.options] == ["TEL", "MAIL"]
    assert all(question.open for name in ("VERB", "CAN[other]") if (question := wording.of(name)))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<document><LimeSurveyDocType>&b;</LimeSurveyDocType></document>"""
OUTSIDE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><document>&x;</document>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (BOMB, "entities"),
        (OUTSIDE, "entities"),
        (b"<document><a></document>", "no XML"),
        (b"<html></html>", "no LimeSurvey structure"),
        (b"PK\x03\x04", "no XML"),
        (b"", "is empty"),
        (b"<document>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</document>", "no LimeSurvey structure"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_lss_is_refused_with_a_sentence(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "survey.lss"
    path.write_bytes(body)
    with pytest.raises(QuestionnaireError, match=said) as refused:
        read_lss(path)
    assert "survey.lss" in str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no JSON"),
        (b"[1, 2]", "no SurveyElements"),
        (b'{"SurveyElements": {}}', "no SurveyElements"),
        (b"[" * 100_000, "JSON|deep"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"  ", "is empty"),
    ],
)
def test_a_file_that_is_no_qsf_is_refused_with_a_sentence(tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "survey.qsf"
    path.write_bytes(body)
    with pytest.raises(QuestionnaireError, match=said):
        read_qsf(path)


def test_a_questionnaire_of_strange_shapes_is_read_without_them(tmp_path: Path) -> None:
    path = tmp_path / "survey.qsf"
    path.write_text(
        '{"SurveyEntry": [], "SurveyElements": [1, null, {"Element": "SQ", "Payload": null},'
        ' {"Element": "SQ", "Payload": {"QuestionID": "QID1", "QuestionType": "Matrix", "Choices": [], "Answers": []}},'
        ' {"Element": "SQ", "Payload": {"QuestionID": "QID2", "QuestionType": "MC", "Selector": "SAVR",'
        ' "Choices": {"1": null, "2": {"Display": 3}}, "ChoiceOrder": "x", "Language": []}}]}'
    )
    assert [question.columns[0] for question in read_qsf(path)] == ["QID2", "QID2_1_TEXT", "QID2_2_TEXT"]


def test_a_questionnaire_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "survey.qsf"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(QuestionnaireError, match="65 MB"):
        read_qsf(path)


def test_wording_loses_scripts_and_entities() -> None:
    assert plain("<script>alert(1)</script><b>Êtes</b>-vous&nbsp;satisfait ?") == "Êtes-vous satisfait ?"
    assert plain(None) == ""
