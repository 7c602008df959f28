"""The first rows of each sheet of an xlsx or ods, read from the head of its parts alone: nothing large is unpacked.

Enough to tell what a workbook is; the readers read it for good. An xls is a compound document and has no such head.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

ROWS, SHEETS, PART = 30, 8, 1 << 18
TAG = re.compile(rb"<(/?)(?:\w+:)?([\w-]+)([^<>]*)>([^<]*)")

Rows = list[list[str]]
Head = list[tuple[str, Rows]]


class Tag(NamedTuple):
    """One XML tag without its prefix ("/row" where it closes), its attributes as written, and the text behind it."""

    name: str
    attributes: bytes
    text: str


def workbook_head(raw: bytes) -> Head:
    """Sheet names, each with its first rows of texts (cells a writer leaves out are not told apart); [] if none."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return _xlsx(archive, names)
            return _ods(archive) if "content.xml" in names else []
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error):
        return []


def _tags(archive: zipfile.ZipFile, name: str) -> Iterator[Tag]:
    """Tags of the head of one part, in one pass whatever the part holds."""
    with archive.open(name) as part:
        head = part.read(PART)
    for found in TAG.finditer(head):
        slash, word, attributes, text = found.groups()
        yield Tag((slash + word).decode(), attributes, html.unescape(text.decode("utf-8", "replace")))


def _attribute(tag: Tag, name: bytes) -> str:
    found = re.search(rb"\s(?:\w+:)?" + name + rb'="([^"]*)"', tag.attributes)
    return html.unescape(found[1].decode("utf-8", "replace")) if found else ""


def _xlsx(archive: zipfile.ZipFile, names: set[str]) -> Head:
    targets = {}
    if "xl/_rels/workbook.xml.rels" in names:
        links = [tag for tag in _tags(archive, "xl/_rels/workbook.xml.rels") if tag.name == "Relationship"]
        targets = {_attribute(tag, b"Id"): _attribute(tag, b"Target").lstrip("/") for tag in links}
    strings = _strings(archive) if "xl/sharedStrings.xml" in names else []
    head: Head = []
    for tag in _tags(archive, "xl/workbook.xml"):
        if tag.name == "sheet" and len(head) < SHEETS:
            # A sheet has two identifiers; the one that leads to its part is `r:id`.
            link = re.search(rb'\s\w+:id="([^"]*)"', tag.attributes)
            target = targets.get(link[1].decode("utf-8", "replace") if link else "", "")
            path = target if target.startswith("xl/") else f"xl/{target}"
            head.append((_attribute(tag, b"name"), _rows(archive, path, strings) if path in names else []))
    return head


def _strings(archive: zipfile.ZipFile) -> list[str]:
    strings: list[str] = []
    for tag in _tags(archive, "xl/sharedStrings.xml"):
        if tag.name == "si":
            strings.append("")
        elif tag.name == "t" and strings:
            strings[-1] += tag.text
    return strings


def _rows(archive: zipfile.ZipFile, path: str, strings: list[str]) -> Rows:
    rows: Rows = []
    kind = ""
    for tag in _tags(archive, path):
        if tag.name == "row":
            if len(rows) == ROWS:
                break
            rows.append([])
        elif tag.name == "c" and rows:
            kind = _attribute(tag, b"t")
            rows[-1].append("")
        elif tag.name in ("v", "t") and rows and rows[-1]:
            shared = kind == "s" and tag.text.isdecimal()
            place = int(tag.text) if shared else 0
            rows[-1][-1] += strings[place] if shared and place < len(strings) else "" if shared else tag.text
    return rows


def _ods(archive: zipfile.ZipFile) -> Head:
    head: Head = []
    inside = False
    for tag in _tags(archive, "content.xml"):
        if tag.name == "table" and len(head) < SHEETS:
            head.append((_attribute(tag, b"name"), []))
        elif tag.name == "table-row" and head and len(head[-1][1]) < ROWS:
            head[-1][1].append([])
        elif tag.name == "table-cell" and head and head[-1][1]:
            head[-1][1][-1].append("")
            inside = not tag.attributes.endswith(b"/")
        elif tag.name == "/table-cell":
            inside = False
        elif inside and head and head[-1][1] and head[-1][1][-1]:
            head[-1][1][-1][-1] += tag.text
    return head
