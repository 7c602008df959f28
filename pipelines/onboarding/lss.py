"""LimeSurvey questionnaires (.lss, XML): one question per column of the CSV export, headed by codes.

Each section has fields and rows/row; from database version 400 on, wording stands in `*_l10ns`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipelines.onboarding.wording import (
    Option,
    Question,
    QuestionnaireError,
    Texts,
    Wording,
    plain,
    read_questionnaire,
)

FIX = "export it from LimeSurvey: Display/Export, Survey structure (.lss)"
Row = dict[str, str]
ARRAYS, SEVERAL, TEXTS = set("FHABCE1"), set("MP"), set("STUQ;")
# Answers of the question types that bring their own.
BUILT_IN = {
    "5": [("1", ""), ("2", ""), ("3", ""), ("4", ""), ("5", "")],
    "A": [(str(point), "") for point in range(1, 6)],
    "B": [(str(point), "") for point in range(1, 11)],
    "E": [("I", "Increase"), ("S", "Same"), ("D", "Decrease")],
    "C": [("Y", "Yes"), ("U", "Uncertain"), ("N", "No")],
    "Y": [("Y", "Yes"), ("N", "No")],
}


def read_lss(path: Path) -> Wording:
    """The questionnaire in a .lss file; raises QuestionnaireError for anything else, entities included."""
    raw = read_questionnaire(path)
    try:
        root = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException:
        raise QuestionnaireError(
            f"{path.name} declares entities or a document type, which no .lss does; {FIX}"
        ) from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise QuestionnaireError(f"{path.name} is no XML, which a .lss is; {FIX}") from None
    if root.find("LimeSurveyDocType") is None or root.find("questions") is None:
        raise QuestionnaireError(f"{path.name} is XML, but no LimeSurvey structure; {FIX}")
    return Wording(path.name, tuple(_Book(root).questions()))


class _Book:
    """Sections of the document, joined by question."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.texts: dict[str, Texts] = defaultdict(dict)
        for section in ("questions", "subquestions", "question_l10ns", "subquestion_l10ns"):
            for row in self.rows(section):
                if plain(row.get("question", "")):
                    self.texts[row.get("qid", "")][row.get("language", "").lower()] = plain(row["question"])
        self.children: dict[str, list[Row]] = defaultdict(list)
        seen: set[str] = set()
        for row in self.rows("subquestions"):
            if row.get("qid", "") not in seen:  # one row per language before version 400
                seen.add(row.get("qid", ""))
                self.children[row.get("parent_qid", "")].append(row)
        self.options = self._options()

    def rows(self, section: str) -> list[Row]:
        return [
            {cell.tag: cell.text or "" for cell in row} for row in self.root.iterfind(f"{section}/rows/row")
        ]

    def _options(self) -> dict[tuple[str, str], tuple[Option, ...]]:
        """Answers by question and scale, in their order."""
        labels: dict[tuple[str, ...], Texts] = defaultdict(dict)
        for row in self.rows("answer_l10ns"):
            key = (
                (row["aid"],)
                if row.get("aid")
                else (row.get("qid", ""), row.get("code", ""), row.get("scale_id", "0"))
            )
            labels[key][row.get("language", "").lower()] = plain(row.get("answer", ""))
        found: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
        for row in self.rows("answers"):
            key = (row.get("qid", ""), row.get("code", ""), row.get("scale_id", "0") or "0")
            if row.get("answer"):
                labels[key][row.get("language", "").lower()] = plain(row["answer"])
            if row.get("aid"):
                labels[key] |= labels.get((row["aid"],), {})
            found[key[0], key[2]].setdefault(key[1], row)
        return {
            place: tuple(
                Option(code, labels[place[0], code, place[1]], value)
                for (code, _), value in zip(ordered, _points([row for _, row in ordered]), strict=True)
            )
            for place, rows in found.items()
            for ordered in [sorted(rows.items(), key=lambda pair: _whole(pair[1].get("sortorder")))]
        }

    def questions(self) -> Iterator[Question]:
        seen: set[str] = set()
        for row in sorted(
            self.rows("questions"),
            key=lambda one: (_whole(one.get("gid")), _whole(one.get("question_order"))),
        ):
            if row.get("qid", "") in seen or _whole(row.get("parent_qid")):
                continue
            seen.add(row.get("qid", ""))
            yield from self._columns(row)

    def _columns(self, row: Row) -> Iterator[Question]:
        own, kind, title = row.get("qid", ""), row.get("type", ""), row.get("title", "")
        texts, children = self.texts[own], self.children[own]
        options = self.options.get((own, "0"), ()) or tuple(
            Option(code, {"": label} if label else {}, float(code) if code.isdigit() else None)
            for code, label in BUILT_IN.get(kind, [])
        )
        if kind in SEVERAL:
            ticks = tuple(
                Option(str(child.get("title")), self.texts[child.get("qid", "")]) for child in children
            )
            columns = tuple(name for one in ticks for name in (f"{title}[{one.code}]", f"{title}_{one.code}"))
            yield Question((title, *columns), texts, ticks, multiple=True)
        elif children:
            for child in children:
                if kind == "1" or not _whole(child.get("scale_id")):
                    yield from self._row(title, child, kind, own, options)
        else:
            yield Question((title,), texts, options, open=kind in TEXTS)
        if row.get("other") == "Y":
            yield Question((f"{title}[other]", f"{title}_other"), texts, open=True)

    def _row(
        self, title: str, child: Row, kind: str, own: str, options: tuple[Option, ...]
    ) -> Iterator[Question]:
        code, texts = str(child.get("title")), self.texts[child.get("qid", "")]
        if kind == "1":  # dual scale
            for scale in ("0", "1"):
                name = f"{title}[{code}][{int(scale) + 1}]"
                yield Question(
                    (name, f"{title}[{code}]#{scale}"), texts, self.options.get((own, scale), ()), array=True
                )
        else:
            yield Question(
                (f"{title}[{code}]", f"{title}_{code}"),
                texts,
                options,
                open=kind in TEXTS,
                array=kind in ARRAYS,
            )


def _points(rows: list[Row]) -> list[float | None]:
    """assessment_value where somebody gave one (else they are all 0), else a code that is a number, else nothing."""
    given = [_whole(row.get("assessment_value")) for row in rows]
    if len(set(given)) > 1:
        return [float(value) for value in given]
    return [float(code) if (code := row.get("code", "")).lstrip("-").isdigit() else None for row in rows]


def _whole(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0
