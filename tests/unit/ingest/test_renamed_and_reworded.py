"""What the tools do after an upgrade: names, languages and labels change; the file is held with the line to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import Decoded, FileProblem, ItemSpec, SourceSpec, WaveSpec, decode
from pipelines.ingest.language import language_of

AGREE = {"Pas du tout d'accord": 1, "Plutôt pas d'accord": 2, "Sans avis": 3, "Plutôt d'accord": 4, "Tout à fait d'accord": 5}  # fmt: skip
QUESTIONS = [
    "L'agence tient ses engagements.",
    "Nos remarques reçoivent une réponse.",
    "Notre travail est reconnu.",
]
ENGLISH = ["The branch keeps its word.", "Our remarks are answered.", "Our work is recognised."]
ITEMS = tuple(
    ItemSpec(f"q{n}", text, (), 1, 5, {k: float(v) for k, v in AGREE.items()})
    for n, text in enumerate(QUESTIONS, 1)
)
Read = Callable[..., Decoded]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(content: str, **parts: Any) -> Decoded:
        path = tmp_path / "survey.csv"
        path.write_text(content)
        given = {"keys": {"response": "id", "unit": "Agence"}, "items": ITEMS, "waves": (WaveSpec("w", "*"),)}
        spec = SourceSpec("s", "responses", "table", "*", aliases={"LY": "lyon"}, **(given | parts))
        return decode(path, "survey.csv", spec)

    return run


def export(
    columns: list[str], labels: list[str], unit: str = "Agence", rows: int = 60, last: str = ""
) -> str:
    """Every label in turn in every column; `last` answers the first question of the last record."""
    lines = [";".join(["id", unit, *columns])]
    for n in range(rows):
        lines.append(";".join([str(n), "LY", *(labels[(n + k) % len(labels)] for k in range(len(columns)))]))
    if last:
        lines[-1] = ";".join([str(rows), "LY", last, *[labels[0]] * (len(columns) - 1)])
    return "\n".join([*lines, ""])


def held(read: Read, content: str, **parts: Any) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        read(content, **parts)
    assert caught.value.status == "held"
    assert caught.value.records == 60
    return caught.value


LABELS = list(AGREE)


def test_the_sample_is_sound(read: Read) -> None:
    assert read(export(QUESTIONS, LABELS)).accepted == 60


def test_several_renamed_columns_are_each_told_with_their_line(read: Read) -> None:
    renamed = [text.replace(".", " ?") for text in QUESTIONS]
    problem = held(read, export(renamed, LABELS))
    assert problem.reason == "missing_column"
    for item, name in zip(ITEMS, renamed, strict=True):
        assert f"`aliases: [\"{name}\"]` to item '{item.code}'" in problem.fix
    assert "drop:" not in problem.fix  # a column offered as an alias is not told twice
    mended = tuple(
        ItemSpec(i.code, i.column, (name,), 1, 5, i.values) for i, name in zip(ITEMS, renamed, strict=True)
    )
    assert read(export(renamed, LABELS), items=mended).accepted == 60
    assert read(export(QUESTIONS, LABELS), items=mended).accepted == 60


def test_a_questionnaire_in_another_language_is_recognised_and_matched_in_its_order(read: Read) -> None:
    problem = held(read, export(ENGLISH, LABELS))
    assert "look English" in problem.found
    assert f"`aliases: [\"{ENGLISH[0]}\"]` to item 'q1' if it is the same column" in problem.fix
    assert f"`aliases: [\"{ENGLISH[2]}\"]` to item 'q3'" in problem.fix


def test_a_renamed_key_takes_its_other_name_and_the_old_files_stay(read: Read) -> None:
    problem = held(read, export(QUESTIONS, LABELS, unit="Agences"))
    assert 'add `renamed: {"Agence": ["Agences"]}` to the source if it is the same column' in problem.fix
    renamed = {"Agence": ("Agences",)}
    assert read(export(QUESTIONS, LABELS, unit="Agences"), renamed=renamed).accepted == 60
    assert read(export(QUESTIONS, LABELS), renamed=renamed).accepted == 60


def test_a_new_question_is_held_with_the_two_lines_it_may_need(read: Read) -> None:
    problem = held(read, export([*QUESTIONS, "Recommanderiez-vous l'agence ?"], LABELS))
    assert problem.reason == "undeclared_column"
    assert (
        'add "Recommanderiez-vous l\'agence ?" to `drop:` of the source, or `- {code: ..., column:'
        in problem.fix
    )


def test_a_dropped_question_says_how_to_tell_the_waves_that_ask_it(read: Read) -> None:
    problem = held(read, export(QUESTIONS[:2], LABELS))
    assert "'q3'" in problem.fix
    assert "`waves: [<codes of the waves that ask it>]`" in problem.fix
    assert read(export(QUESTIONS[:2], LABELS), asked={"q3": ("before",)}).accepted == 60


def test_answers_in_another_language_hold_the_file_with_the_values_to_declare(read: Read) -> None:
    english = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"]
    problem = held(read, export(QUESTIONS, english))
    assert problem.reason == "unknown_answers"
    assert "(they look English)" in problem.found
    assert "2 more items hold answers that are not declared" in problem.found
    for label in english:
        assert f'"{label}": ...' in problem.fix


def test_one_reworded_label_holds_the_file_rather_than_losing_a_fifth_of_it(read: Read) -> None:
    problem = held(read, export(QUESTIONS, [*LABELS[:4], "Entièrement d'accord"]))
    assert 'add `values: {"Entièrement d\'accord": ...}`' in problem.fix
    assert "Plutôt" not in problem.found


def test_a_stray_answer_refuses_its_record_only(read: Read) -> None:
    decoded = read(export(QUESTIONS, LABELS, last="oui mais pas toujours"))
    assert [one.reason for one in decoded.quarantined] == ["unreadable_answer"]


@pytest.mark.parametrize(
    "texts",
    [
        [f"verbatim number {n} of somebody" for n in range(60)],  # an open column
        ["marie.durand@example.org"],  # an address, however often
        ["a sentence far too long to be the label of an answer on a scale"],
        ["0612345678"],
    ],
)
def test_what_may_be_somebodys_answer_is_never_quoted(read: Read, texts: list[str]) -> None:
    problem = held(read, export(QUESTIONS, texts))
    assert problem.reason == "unknown_answers"
    assert "withheld" in problem.found
    shown = str(problem) + "".join(map(str, problem.problems))
    assert not any(text in shown for text in texts)


def test_a_label_given_by_few_is_withheld_beside_one_given_by_many(read: Read) -> None:
    problem = held(read, export(QUESTIONS, [*LABELS[:4], "Entièrement d'accord"], last="Surtout pas Paul"))
    assert "Entièrement" in problem.found
    assert "and 1 more, withheld" in problem.found
    assert "Paul" not in str(problem)


def test_what_one_person_writes_everywhere_is_not_what_ten_people_say(read: Read) -> None:
    wide = [f"Question {n}" for n in range(12)]
    items = tuple(ItemSpec(f"w{n}", name, (), 1, 5, ITEMS[0].values) for n, name in enumerate(wide))
    rows = export(wide, [*LABELS[:4], "Entièrement d'accord"]).splitlines()
    rows[-1] = ";".join(["60", "LY", *["Tout sauf Paul"] * len(wide)])
    problem = held(read, "\n".join([*rows, ""]), items=items)
    assert "Entièrement" in problem.found
    assert "Paul" not in str(problem)


NUMBERS = tuple(ItemSpec(f"q{n}", text, (), 1, 5) for n, text in enumerate(QUESTIONS, 1))


def test_answers_on_ten_points_say_which_scale_they_look_like(read: Read) -> None:
    decoded = read(export(QUESTIONS, [str(n) for n in range(1, 11)]), items=NUMBERS)
    assert decoded.accepted < decoded.records
    assert decoded.warnings[0].startswith(f'column "{QUESTIONS[0]}" looks like 1-10 where 1-5 is declared')
    from_zero = read(export(QUESTIONS, [str(n) for n in range(11)]), items=NUMBERS)
    assert "looks like 0-10 where 1-5 is declared" in from_zero.warnings[0]


def test_a_few_stray_numbers_are_no_other_scale(read: Read) -> None:
    assert read(export(QUESTIONS, list("12345"), last="9"), items=NUMBERS).warnings == []


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (QUESTIONS, "French"),
        (ENGLISH, "English"),
        (["Stimme voll und ganz zu", "Stimme nicht zu", "Weder noch"], "German"),
        (["Totalmente de acuerdo", "Muy en desacuerdo", "Ni de acuerdo ni en desacuerdo"], "Spanish"),
        (["Q1", "Q2", "Q3_4"], None),
        ([], None),
    ],
)
def test_a_language_is_named_only_when_clear(texts: list[str], language: str | None) -> None:
    assert language_of(texts) == language
