"""Write docs/data-dictionary.md from a published snapshot: `python tools/data_dictionary.py SNAPSHOT`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

TARGET = Path(__file__).resolve().parent.parent / "docs" / "data-dictionary.md"


def page(snapshot: Path) -> str:
    """The page as Markdown: a table of columns for each table of mart and meta."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() order by schema_name, table_name"
        ).fetchall()
        lines = [
            "# Data dictionary",
            "",
            "Made by `make docs` from the demo's `meta.dictionary`; the same text is a COMMENT on every column.",
        ]
        for schema, table, said in tables:
            lines += [
                "",
                f"## {schema}.{table}",
                "",
                said.strip(),
                "",
                "| column | type | what it says | unit | range |",
            ]
            lines.append("|---|---|---|---|---|")
            for row in connection.execute(
                "select column_name, lower(data_type), description, coalesce(unit, ''), coalesce(value_range, '')"
                " from meta.dictionary where table_schema = ? and table_name = ? order by position",
                [schema, table],
            ).fetchall():
                lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(Path(sys.argv[1])), encoding="utf-8")
