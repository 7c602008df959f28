"""Comments: read once while a file is decoded, kept as codes, and nowhere as words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.declared import DeclarationError, Home, decoding_digest, source_spec
from pipelines.ingest import Decoded, FileProblem, ItemSpec, SourceSpec
from pipelines.ingest.model import WITHHELD
from pipelines.ingest.spec import LongSpec
from pipelines.verbatims import Additions, Theme
from tests.unit.declared.homes import FILES, write_home

Decode = Callable[..., Decoded]
CANARY = "zibeline"
PARTS = {"comments": ("Pourquoi*",)}
COLUMNS = ["comment_language", "comment_tone", "comment_themes", "comment_count"]


def codes(decoded: Decoded) -> list[tuple[object, ...]]:
    return list(zip(*(decoded.table[name].to_pylist() for name in COLUMNS), strict=True))


def test_each_comment_becomes_codes(read: Decode) -> None:
    decoded = read(
        "id,unit,Q1,Pourquoi ?\n"
        "1,LY,3,Accueil très chaleureux et sans attente\n"
        '2,LY,4,"The staff were rude, I was not listened to"\n'
        "3,PA,2,\n"
        "4,PA,2,n/a\n"
        "5,PA,2,Muy buen servicio y muy amable con todos los clientes\n",
        **PARTS,
    )
    assert codes(decoded) == [
        ("fr", 1, ["about_waiting", "about_welcome"], 1),
        ("en", -1, ["about_welcome", "about_listening"], 1),
        (None, None, None, 0),
        (None, None, None, 0),
        (None, None, None, 1),
    ]
    assert [str(decoded.table.schema.field(name).type) for name in COLUMNS] == [
        "string", "int32", "list<item: string>", "int32",
    ]  # fmt: skip


def test_several_columns_of_comments_are_one_answer(read: Decode) -> None:
    decoded = read(
        "id,unit,Q1,Pourquoi ?,Pourquoi pas ?\n"
        "1,LY,3,Équipe très accueillante,Prix bien trop élevés et hors de prix\n"
        "2,LY,4,Équipe très accueillante,\n"
        "3,PA,2,,Prix bien trop élevés et hors de prix\n",
        **PARTS,
    )
    assert codes(decoded) == [
        ("fr", 0, ["about_welcome", "about_price", "about_cooperation"], 2),
        ("fr", 1, ["about_welcome", "about_cooperation"], 1),
        ("fr", -1, ["about_price"], 1),
    ]


def test_a_wave_that_asked_for_no_comment_says_nothing_rather_than_none(read: Decode) -> None:
    assert codes(read("id,unit,Q1\n1,LY,3\n", **PARTS)) == [(None, None, None, None)]


def test_a_source_without_comments_has_no_such_columns(read: Decode) -> None:
    decoded = read("id,unit,Q1,Pourquoi ?\n1,LY,3,Bien\n", drop=("Pourquoi*",))
    assert not set(COLUMNS) & set(decoded.table.column_names)


def test_a_column_dropped_and_one_read_as_something_else_are_no_comments(read: Decode) -> None:
    content = "id,unit,Q1,Pourquoi ?\n1,LY,3,Très bien\n"
    assert codes(read(content, comments=("*",), drop=("Pourquoi*",))) == [(None, None, None, None)]


def test_a_long_file_keeps_every_comment_of_a_response(read: Decode) -> None:
    decoded = read(
        "id,unit,question,answer,Pourquoi ?\n"
        "1,LY,Q1,3,Accueil chaleureux\n"
        "1,LY,Q2,4,Les prix sont hors de prix\n"
        "1,LY,Un mot,Très bonne équipe,\n"
        "2,PA,Q1,2,\n",
        items=(ItemSpec("q1", "Q1", minimum=1, maximum=5), ItemSpec("q2", "Q2", minimum=1, maximum=5)),
        long=LongSpec("question", "answer"),
        comments=("Pourquoi*", "Un mot"),
    )
    assert decoded.records == decoded.accepted == 4
    assert codes(decoded) == [
        ("fr", 0, ["about_welcome", "about_price", "about_cooperation"], 3),
        (None, None, None, 0),
    ]


def test_a_home_adds_its_words(read: Decode) -> None:
    own = Additions(
        {"fr": {"zazou": 3.0}}, {"about_zoo": Theme("Zoo", "Zoo", {"fr": ("zazou",)}), "about_ease": None}
    )
    decoded = read("id,unit,Q1,Pourquoi ?\n1,LY,3,C'est simple et zazou pour nous\n", **PARTS, verbatims=own)
    assert codes(decoded) == [("fr", 1, ["about_zoo"], 1)]


def test_words_that_read_comments_are_in_the_digest_of_their_source_only(
    survey: Callable[..., SourceSpec],
) -> None:
    plain = survey()
    shipped = replace(plain, verbatims=Additions())
    digests = {
        decoding_digest(spec)
        for spec in (
            plain,
            shipped,
            replace(plain, verbatims=Additions({"fr": {"zazou": 3.0}})),
            replace(plain, verbatims=Additions(names=("Zazou",))),
            replace(plain, verbatims=Additions(shipped="of another version")),
        )
    }
    assert len(digests) == 5


def test_a_home_declares_its_words_beside_its_sources(tmp_path: Path) -> None:
    source = FILES["sources/hr_survey.yml"]
    declared = {"sources/hr_survey.yml": source + "comments: [VERB]\n"}
    words = {"verbatims.yml": "lexicon:\n  fr: {zazou: 2}\n"}
    specs = [
        source_spec(Home.load(write_home(tmp_path / name, changes)), "hr_survey")
        for name, changes in (
            ("none", {}),
            ("shipped", declared),
            ("added", declared | words),
            ("idle", words),
        )
    ]
    none, shipped, added, idle = map(decoding_digest, specs)
    assert none == idle
    assert len({none, shipped, added}) == 3
    assert specs[2].verbatims is not None
    assert specs[2].verbatims.lexicon["fr"] == {"zazou": 2}
    with pytest.raises(DeclarationError, match=r"verbatims\.yml:2: .*less than or equal to 3"):
        Home.load(write_home(tmp_path / "bad", {"verbatims.yml": "lexicon:\n  fr: {zazou: 9}\n"}))


# Identity, comment and a refusal in one record: nothing of the words may come out anywhere.
HOSTILE = (
    f"id,unit,Q1,Pourquoi ?\n1,LY,3,{CANARY} très bien {CANARY}@exemple.example\n"
    f"2,LY,99,{CANARY} mal\n3,XX,3,{CANARY}\n4,LY,{CANARY},{CANARY}\n"
)


def test_no_word_of_a_comment_is_in_raw_nor_in_what_is_said_of_the_file(
    read: Decode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    decoded = read(HOSTILE, **PARTS)
    assert (decoded.accepted, len(decoded.quarantined)) == (1, 3)
    assert CANARY not in repr(decoded.quarantined) + repr(decoded.warnings)
    assert {problem.found for problem in decoded.quarantined} <= {WITHHELD, '"XX"'}
    path = tmp_path_factory.mktemp("raw") / "raw.parquet"
    pq.write_table(decoded.table, path, compression="none")
    assert b"about_" not in path.read_bytes()  # the one comment kept is about nothing…
    assert CANARY.encode() not in path.read_bytes()
    assert codes(decoded) == [("fr", 1, [], 1)]  # … yet it was read


def test_no_word_of_a_comment_is_in_the_refusal_of_a_file(read: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        read(HOSTILE.replace("Q1", "Q7"), **PARTS)
    assert CANARY not in repr(vars(caught.value)) + str(caught.value)
