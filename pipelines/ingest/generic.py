"""Format `table`: any delimited text or workbook with one header row, wide responses or wide measures."""

from __future__ import annotations

from pipelines.ingest.delimited import Delimited
from pipelines.ingest.grid import Grid
from pipelines.ingest.header import Conventions, Layout, resolve
from pipelines.ingest.model import FileProblem
from pipelines.ingest.reading import Traits
from pipelines.ingest.spec import SourceSpec
from pipelines.ingest.spreadsheet import Spreadsheet, is_workbook
from pipelines.ingest.text import read_text

PAGES = (b"<!doctype", b"<html", b"%pdf")


def open_grid(raw: bytes, spec: SourceSpec, header_rows: int = 1) -> Grid:
    """The file as a grid, by what its bytes are: a workbook or delimited text."""
    if is_workbook(raw):
        return Spreadsheet(raw, spec)
    if raw.lstrip()[:9].lower().startswith(PAGES):
        raise FileProblem(
            "not_a_table",
            expected="a table",
            found="a web page or a document, as when a download needed a login",
            fix="export the file from the tool and send that",
        )
    return Delimited(read_text(raw), header_rows=header_rows, first_row=spec.header_row or 1)


def read(raw: bytes, spec: SourceSpec) -> tuple[Grid, Layout, Traits]:
    """A file of format `table`: nothing is known of it beyond its declaration."""
    grid = open_grid(raw, spec)
    return grid, resolve(grid.headers, spec, Conventions(), grid.records), traits_of(grid)


def traits_of(grid: Grid) -> Traits:
    """Traits of a format that says nothing of missing answers; a workbook's dates may be numbers."""
    epoch = grid.serial_epoch if isinstance(grid, Spreadsheet) else None
    return Traits(null_reason="blank", blank_reason="blank", serial_epoch=epoch)
