"""Format `table`: any delimited text, workbook or JSON, of responses, measures or events, wide or long."""

from __future__ import annotations

from pipelines.ingest.delimited import Delimited
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.json_grid import JsonGrid, is_json
from pipelines.ingest.model import FileProblem
from pipelines.ingest.naming import numbered
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spreadsheet import Spreadsheet, is_workbook
from pipelines.ingest.text import read_text

PAGES = (b"<!doctype", b"<html", b"%pdf")


def open_grid(raw: bytes, spec: SourceSpec, header_rows: int = 1) -> Grid:
    """The file as a grid, by what its bytes are: a workbook, JSON or delimited text."""
    if is_workbook(raw):
        return Spreadsheet(raw, spec, header_rows)
    if raw[:1024].lstrip()[:9].lower().startswith(PAGES):
        raise FileProblem(
            "not_a_table",
            expected="a table",
            found="a web page or a document, as when a download needed a login",
            fix="export the file from the tool and send that",
        )
    if is_json(raw, declared=spec.records is not None):
        return JsonGrid(raw, spec)
    return Delimited(read_text(raw), header_rows=header_rows, first_row=spec.header_row or 1)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A file of format `table`: nothing is known of it beyond its declaration.

    Columns of one name are told apart as `Name (1)`, `Name (2)`, in the order of the file.
    """
    grid = open_grid(raw, spec)
    levels = [*grid.headers, numbered(grid.headers[0], first=True)]
    return grid, resolve(levels, spec, Conventions(), grid.records), traits_of(grid)


def one_header(raw: bytes, spec: SourceSpec, conventions: Conventions) -> tuple[Grid, Layout]:
    """A tool's file with one header row, where the second of two `Name` is `Name (2)`."""
    grid = open_grid(raw, spec)
    return grid, resolve([numbered(grid.headers[0])], spec, conventions, grid.records)


def traits_of(grid: Grid) -> Traits:
    """Traits of a format that says nothing of missing answers; a workbook's dates may be numbers."""
    epoch = grid.serial_epoch if isinstance(grid, Spreadsheet) else None
    return Traits(null_reason="blank", blank_reason="blank", serial_epoch=epoch)
