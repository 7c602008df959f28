"""Qualtrics questionnaires (.qsf, JSON): one question per column of the CSV export, by export tag and by ImportId.

In a Matrix, Choices are the rows and Answers the columns; empty maps are `[]`; the block of
type Trash holds deleted questions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.onboarding.wording import (
    Option,
    Question,
    QuestionnaireError,
    Texts,
    Wording,
    number,
    plain,
    read_questionnaire,
)

SEVERAL = {"MAVR", "MAHR", "MACOL", "MSB"}  # selectors of multiple-choice questions with several answers
FIX = "export it from Qualtrics: Tools, Import/Export, Export survey"


def read_qsf(path: Path) -> Wording:
    """The questionnaire in a .qsf file; raises QuestionnaireError for anything else."""
    raw = read_questionnaire(path)
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except RecursionError:
        raise QuestionnaireError(f"{path.name} is nested too deep to be a Qualtrics survey; {FIX}") from None
    except (ValueError, UnicodeDecodeError):
        raise QuestionnaireError(f"{path.name} is no JSON, which a .qsf is; {FIX}") from None
    elements = document.get("SurveyElements") if isinstance(document, dict) else None
    if not isinstance(elements, list):
        raise QuestionnaireError(f"{path.name} has no SurveyElements, which a .qsf has; {FIX}")
    entry = _map(document.get("SurveyEntry"))
    language = str(entry.get("SurveyLanguage") or "").lower()
    elements = [element for element in elements if isinstance(element, dict)]
    trash = set(_trash(elements))
    payloads = [_map(element.get("Payload")) for element in elements if element.get("Element") == "SQ"]
    kept = [
        one
        for one in payloads
        if one.get("QuestionID") not in trash and one.get("QuestionType") not in {"DB", "Meta", "Timing"}
    ]
    questions = tuple(question for payload in kept for question in _questions(payload, language))
    order = {name: place for place, name in enumerate(_order(elements))}
    ordered = sorted(questions, key=lambda one: order.get(_import_root(one.columns[-1]), len(order)))
    return Wording(path.name, tuple(ordered))


def _map(value: object) -> dict[str, Any]:
    """A JSON object; Qualtrics writes an empty one as `[]`, and some non-empty ones as lists from 0."""
    if isinstance(value, dict):
        return {str(key): one for key, one in value.items()}
    if isinstance(value, list):
        return {str(place): one for place, one in enumerate(value) if one is not None}
    return {}


def _blocks(elements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for element in elements:
        if element.get("Element") == "BL":
            yield from (block for block in _map(element.get("Payload")).values() if isinstance(block, dict))


def _members(block: dict[str, Any]) -> list[str]:
    parts = _map(block.get("BlockElements")).values()
    return [
        str(part.get("QuestionID"))
        for part in parts
        if isinstance(part, dict) and part.get("Type") == "Question"
    ]


def _trash(elements: list[dict[str, Any]]) -> list[str]:
    return [name for block in _blocks(elements) if block.get("Type") == "Trash" for name in _members(block)]


def _order(elements: list[dict[str, Any]]) -> list[str]:
    return [name for block in _blocks(elements) if block.get("Type") != "Trash" for name in _members(block)]


def _import_root(name: str) -> str:
    return name.split("_")[0]


def _texts(payload: dict[str, Any], language: str, read: Any) -> Texts:
    """Wording by language: the survey's own, then every translation. `read` finds it in a payload."""
    found = {language: read(payload)}
    for code, translated in _map(payload.get("Language")).items():
        found[code.lower()] = read(_map(translated))
    return {code: text for code, text in found.items() if text}


def _display(payload: dict[str, Any], part: str, key: str) -> str:
    return plain(_map(_map(payload.get(part)).get(key)).get("Display"))


def _ordered(payload: dict[str, Any], part: str, order: str) -> list[str]:
    keys = list(_map(payload.get(part)))
    wanted = (
        [str(key) for key in payload.get(order) or [] if str(key) in keys]
        if isinstance(payload.get(order), list)
        else []
    )
    return wanted + [key for key in keys if key not in wanted]


def _options(payload: dict[str, Any], language: str, part: str, order: str) -> tuple[Option, ...]:
    recodes = _map(payload.get("RecodeValues"))
    found = []
    for key in _ordered(payload, part, order):
        code = str(recodes.get(key, key))
        labels = _texts(payload, language, lambda one, key=key: _display(one, part, key))
        found.append(Option(code, labels, number(code)))
    return tuple(found)


def _questions(payload: dict[str, Any], language: str) -> Iterator[Question]:
    """The columns an export makes of one question."""
    own, tag = (
        str(payload.get("QuestionID") or ""),
        str(payload.get("DataExportTag") or payload.get("QuestionID") or ""),
    )
    texts = _texts(payload, language, lambda one: plain(one.get("QuestionText")))
    kind, selector = payload.get("QuestionType"), payload.get("Selector")
    if not own:
        return
    if kind == "Matrix":
        yield from _matrix(payload, language, own, tag)
    elif kind == "MC" and selector == "NPS":
        yield Question((tag, own), texts, numeric=(0.0, 10.0))
    elif kind == "MC":
        options = _options(payload, language, "Choices", "ChoiceOrder")
        several = selector in SEVERAL
        columns = tuple(f"{name}_{one.code}" for one in options for name in (tag, own)) if several else ()
        yield Question((tag, *columns, own), texts, options, multiple=several)
        yield from (_free(f"{tag}_{one.code}_TEXT", f"{own}_{one.code}_TEXT", texts) for one in options)
    elif kind == "TE":
        yield _free(tag, f"{own}_TEXT", texts)
    elif kind == "Slider":
        for key in _ordered(payload, "Choices", "ChoiceOrder"):
            label = _texts(payload, language, lambda one, key=key: _display(one, "Choices", key))
            yield Question((f"{tag}_{key}", f"{own}_{key}"), label or texts)


def _free(tag: str, own: str, texts: Texts) -> Question:
    return Question((tag, own), texts, open=True)


def _matrix(payload: dict[str, Any], language: str, own: str, tag: str) -> Iterator[Question]:
    tags = _map(payload.get("ChoiceDataExportTags") or {})
    options = _options(payload, language, "Answers", "AnswerOrder")
    several = payload.get("SubSelector") == "MultipleAnswer"
    for key in _ordered(payload, "Choices", "ChoiceOrder"):
        row = _texts(payload, language, lambda one, key=key: _display(one, "Choices", key))
        name = str(tags.get(key) or f"{tag}_{key}")
        ticks = (
            tuple(f"{base}_{one.code}" for one in options for base in (name, f"{own}_{key}"))
            if several
            else ()
        )
        yield Question(
            (name, f"{tag}_{key}", *ticks, f"{own}_{key}"), row, options, multiple=several, array=not several
        )
