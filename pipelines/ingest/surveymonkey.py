"""SurveyMonkey CSV or XLSX: two header rows, the question over its first column only, then its options or rows.

A column is named "question", or "question - option" where the question has several. A condensed export has a second
row without texts, or none of those that say "one answer". Respondent identifiers are text: they pass 2^53.
"""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.ingest.generic import open_grid, traits_of
from pipelines.ingest.grid import TEXT, Grid
from pipelines.ingest.header import Conventions, Layout, resolve, tidy
from pipelines.ingest.model import FileProblem
from pipelines.ingest.naming import numbered
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spreadsheet import is_workbook

# The second row of a question with one answer, as the tool's languages write it.
ONE_ANSWER = re.compile(
    r"(?i)(?:open-ended )?response|réponse(?: ouverte)?|(?:offene )?antwort|(?:beantwortung mit )?freitext"
    r"|respuesta(?: abierta)?|risposta(?: aperta)?|resposta(?: aberta)?|(?:open )?antwoord"
)
RESPONSE = frozenset({"respondent id", "respondentid", "respondent_id", "id du répondant", "befragten-id"})
SUBMITTED = frozenset({"end date", "enddate", "date_modified", "date modified", "date de fin", "enddatum"})
SAMPLE = 1 << 18
HALF_DAY = re.compile(rb"[0-9] ?[AaPp][Mm]\b")
CONVENTIONS = Conventions(
    keys={"response": "Respondent ID", "submitted_at": "End Date"},
    # Not listed, for a declaration must drop them: address, e-mail, names, custom data.
    known=re.compile(
        r"(?i)respondent[ _]?id|collector[ _]?id|id du (?:répondant|collecteur)|start ?date|end ?date"
        r"|date[ _](?:created|modified)|date de (?:début|fin)|startdatum|enddatum"
    ),
    synonyms=(RESPONSE, SUBMITTED),
)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A SurveyMonkey export with its two header rows. Its dates start with the month where they say AM or PM."""
    grid = open_grid(raw, spec, header_rows=2)
    if len(grid.headers) < 2:
        raise FileProblem(
            "wrong_container",
            expected="an export with its two header rows, in one sheet",
            found="several sheets",
            fix="export all individual responses from SurveyMonkey, in one sheet or as CSV",
            records=grid.records,
        )
    names, others = columns(grid.headers[0], grid.headers[1])
    layout = resolve([names, others], spec, CONVENTIONS, grid.records)
    return (
        grid,
        layout,
        replace(traits_of(grid), day_first=False if _says_half_day(raw, grid, layout) else None),
    )


def _says_half_day(raw: bytes, grid: Grid, layout: Layout) -> bool:
    """Whether times carry AM or PM, as where the month comes first; in a workbook the bytes do not tell."""
    place = layout.keys.get("submitted_at")
    if is_workbook(raw) and place is not None:
        return any(
            HALF_DAY.search((text or "").encode())
            for text in grid.read({place: TEXT}).columns[place].to_pylist()
        )
    return HALF_DAY.search(bytes(raw[:SAMPLE]).replace(b"\0", b"")) is not None


def columns(questions: list[str], options: list[str]) -> tuple[list[str], list[str]]:
    """The name of each column, and a second one where the option row may be a translated "Response"."""
    names, others, question = [], [], ""
    for place, (over, under) in enumerate(zip(map(tidy, questions), map(tidy, options), strict=True)):
        last = place + 1 == len(questions)
        alone = over and (last or tidy(questions[place + 1]) not in ("", over) or not options[place + 1])
        question = over or (question if under else "")
        whole = question if not under else f"{question} - {under}"
        bare = not under or ONE_ANSWER.fullmatch(under) is not None
        names.append(question if bare else whole)
        others.append(question if alone and not bare else "")
    return numbered(names), numbered(others)
