"""Questions with several answers: commas inside options, leading and trailing separators, a column per option."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import Decoded, SourceSpec, WaveSpec, decode
from pipelines.ingest.choices import option_columns, option_of, read_choice
from pipelines.ingest.spec import ChoiceSpec

CHANNELS = ChoiceSpec("channels", "Canaux", ("Channels",), ("Téléphone", "E-mail", "Sur place, à l'agence"))


def answers(spec: ChoiceSpec, *texts: str, column: str = "Canaux") -> list[list[str] | str | None]:
    """What each text holds, or the reason it was refused."""
    return [fault.reason if fault else found for found, fault in read_choice(spec, column, list(texts))]


def test_options_that_hold_the_separator_are_read_whole() -> None:
    assert answers(
        CHANNELS, "Téléphone, Sur place, à l'agence", "Sur place, à l'agence, E-mail", "E-mail"
    ) == [
        ["Téléphone", "Sur place, à l'agence"],
        ["E-mail", "Sur place, à l'agence"],
        ["E-mail"],
    ]


def test_the_longest_option_is_not_taken_where_a_shorter_one_alone_covers_the_cell() -> None:
    spec = ChoiceSpec("c", "Q", (), ("A", "A, B", "B, C"))
    assert answers(spec, "A, B, C", "A, B", column="Q") == [["A", "B, C"], ["A, B"]]


@pytest.mark.parametrize(
    ("separator", "text"),
    [
        (";", "Téléphone;E-mail;"),
        ("; ", " Téléphone ;E-mail;;"),
        (" / ", " / Téléphone / E-mail"),
        ("\n", "Téléphone\nE-mail\n"),
        (", ", "Téléphone,\u00a0E-mail , "),
    ],
)
def test_separators_at_either_end_and_spaces_beside_them_say_nothing(separator: str, text: str) -> None:
    spec = ChoiceSpec("c", "Canaux", (), ("Téléphone", "E-mail"), separator)
    assert answers(spec, text) == [["Téléphone", "E-mail"]]


def test_a_blank_cell_is_no_answer() -> None:
    assert answers(CHANNELS, "", "  ", ", ") == [None, None, None]


def test_an_unknown_text_is_refused_without_being_quoted_and_names_the_line_to_write() -> None:
    (_, fault), (known, none) = read_choice(CHANNELS, "Canaux", ["E-mail, mon voisin Paul", "E-mail"])
    assert (known, none) == (["E-mail"], None)
    assert fault is not None
    assert (fault.reason, fault.column, fault.found) == ("unknown_option", "Canaux", "withheld")
    assert "under `options:` of choice channels" in fault.fix
    assert "Paul" not in f"{fault.expected}{fault.fix}"


def test_with_a_star_the_remainder_counts_as_other() -> None:
    spec = ChoiceSpec("c", "Canaux", (), (*CHANNELS.options, "*"))
    assert answers(spec, "E-mail, mon voisin, Paul", "un pigeon", "Sur place, à l'agence") == [
        ["E-mail", "other"],
        ["other"],
        ["Sur place, à l'agence"],
    ]


@pytest.mark.parametrize(
    "column",
    ["Canaux - E-mail", "Canaux [E-mail]", "Canaux[E-mail]", "Canaux_E-mail", "Channels - E-mail", "E-mail"],
)
def test_a_column_per_option_is_known_by_its_name(column: str) -> None:
    assert answers(CHANNELS, "E-mail", "1", "Oui", "", "0", "Non", "N", "-99", column=column) == [
        ["E-mail"], ["E-mail"], ["E-mail"], None, [], [], [], [],
    ]  # fmt: skip


def test_the_column_of_other_words_counts_only_where_a_star_is_declared() -> None:
    names = ["id", "Canaux - Téléphone", "Canaux - E-mail", "Canaux - Autre (précisez)", "Canaux de vente"]
    assert option_columns(CHANNELS, names) == [1, 2]
    free = ChoiceSpec("c", "Canaux", (), ("Téléphone", "E-mail", "*"))
    assert option_columns(free, names) == [1, 2, 3]
    assert option_of(free, names[3]) == "other"
    assert option_columns(free, ["id", "Canaux", "Canaux - Téléphone"]) == [1]


@given(st.lists(st.sampled_from(CHANNELS.options), unique=True, min_size=1))
def test_any_set_of_options_survives_being_joined(chosen: list[str]) -> None:
    assert answers(CHANNELS, ", ".join(chosen)) == [sorted(chosen, key=CHANNELS.options.index)]


@given(st.text(alphabet="A, B;C/\n\u00a0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    spec = ChoiceSpec("c", "Canaux", (), ("A", "A, B", "B C", "*"))
    assert answers(spec, text)[0] is None or set(answers(spec, text)[0] or ()) <= {
        "A",
        "A, B",
        "B C",
        "other",
    }


def test_a_cell_of_separators_only_costs_no_more_than_its_length() -> None:
    assert answers(CHANNELS, "," * 40_000, "x," * 20_000, "E-mail," * 30_000) == [
        None,
        "unknown_option",
        "unknown_option",
    ]


@pytest.mark.real
def test_the_community_survey_has_commas_inside_its_options(real: Path) -> None:
    file = real / "exports" / "stacks_community_survey_2020.csv"
    column = "What role should this independent entity play in platform/community governance?"
    voting = "In what capacity do you believe STX tokenholders should participate in governance?"
    roles = ("Stacker (prospective)", "Community member", "Investor", "User", "*")
    capacity = ("Binding voting (i.e., on-chain governance)", "Non-binding voting (i.e., signaling)", "*")
    spec = SourceSpec(
        "community", "responses", "table", "*", unit="u", drop=("*",), waves=(WaveSpec("w", "*"),),
        choices=(
            ChoiceSpec("roles", "Which roles in the Blockstack community do you most strongly identify with?", (), roles),
            ChoiceSpec("capacity", f"{voting} (2)", (), capacity),
            ChoiceSpec("tasks", column, (), ("Education", "Grant funding", "Core development", "Lobbying", "*")),
        ),
    )  # fmt: skip
    decoded = decode(file, file.name, spec)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines))
    told = [row[header.index(column)] for row in rows]
    found = decoded.table["choice_tasks"].to_pylist()
    assert (decoded.records, decoded.accepted) == (69, 69)
    for option in ("Education", "Grant funding"):
        assert sum(option in (one or ()) for one in found) == sum(option in text for text in told) > 10
    assert [one is None for one in found] == [not text for text in told]
    # The voting question stands twice in this file: its last column is the one in use.
    texts = [row[48] for row in rows]
    read = decoded.table["choice_capacity"].to_pylist()
    assert sum("Binding voting (i.e., on-chain governance)" in (one or ()) for one in read) == sum(
        text.startswith("Binding") or ", Binding" in text for text in texts
    )
    assert [one is None for one in read] == [not text for text in texts]


def test_choices_reach_the_table_from_one_cell_and_from_many(read: Callable[..., Decoded]) -> None:
    parts = {"items": (), "choices": (CHANNELS,)}
    joined = read('id,unit,Canaux\n1,LY,"E-mail, Téléphone"\n2,LY,\n3,LY,Pigeon\n', **parts)
    assert joined.table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], None]
    assert [problem.reason for problem in joined.quarantined] == ["unknown_option"]
    split = read(
        "id,unit,Canaux [Téléphone],Canaux [E-mail]\n1,LY,Y,Y\n2,LY,,\n3,LY,N,Y\n4,LY,N,N\n", **parts
    )
    assert split.table["choice_channels"].to_pylist() == [["Téléphone", "E-mail"], None, ["E-mail"], []]
