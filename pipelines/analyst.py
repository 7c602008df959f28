"""An analyst's SQL on the published snapshot: one query, in a locked connection, in a process of its own.

DuckDB's `read_only` is not a sandbox: SQL alone reads and writes files of the machine. Three walls stand
here: the connection has no way out and its settings are locked; the process has limits on memory, time and
files and knows no secret of its parent; the parent kills it when its time is over.

Run as a program it is its own worker: `python -m pipelines.analyst <snapshot> <sql or -> <format>`, SQL
from standard input for `-`; exit 0 with rows on standard output (a pipe: it may write no file), 1 with one
sentence on standard error, 2 for wrong usage.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

Format = Literal["table", "csv", "json"]
Rows = list[tuple[Any, ...]]

LARGEST_OUTPUT = 64 * 2**20
LARGEST_TABLE = 1000
SMALLEST_VALUE = 64  # what a value weighs in memory, however short its text
# What the interpreter and DuckDB map before the first query, beside the memory a query may use.
OWN_ADDRESS_SPACE = 4 * 2**30
FORMULA = ("=", "+", "-", "@", "\t", "\r")
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


class RefusedQueryError(Exception):
    """The query is not run, or its result not shown; the message is one sentence."""


def run_query(
    snapshot: Path, sql: str, fmt: Format = "table", timeout_s: float = 30, memory: str = "1GB"
) -> tuple[int, str]:
    """(exit code, text): 0 and the rows, or 1 and one sentence that says why not.

    `sql` is one query over schemas mart (the default) and meta of `snapshot`. `memory` bounds what DuckDB
    may use; nothing is spilled to disk. Past `timeout_s` seconds the worker is killed.
    """
    command = [
        sys.executable,
        "-I",
        str(Path(__file__).resolve()),
        str(snapshot),
        "-",
        fmt,
        memory,
        str(timeout_s),
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
        cwd="/",
        start_new_session=True,
    ) as worker:
        try:
            out, err = worker.communicate(sql.encode(), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _kill(worker)
            return 1, f"The query took longer than {timeout_s:g} s and was stopped; ask for less."
        finally:
            _kill(worker)
    if worker.returncode == 0:
        return 0, out.decode()
    told = err.decode(errors="replace").strip()
    if worker.returncode == 1 and told:
        return 1, told
    return 1, "The query needed more memory or time than it may use and was stopped; ask for less."


def locked_connection(snapshot: Path, memory: str = "1GB") -> duckdb.DuckDBPyConnection:
    """A read-only connection to `snapshot` that reaches no file, no network, no extension and no Python
    object.
    """
    connection = duckdb.connect(
        str(snapshot),
        read_only=True,
        config={
            "enable_external_access": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_unsigned_extensions": False,
            "python_enable_replacements": False,
            "memory_limit": memory,
            "threads": 2,
            "temp_directory": "",
            "max_temp_directory_size": "0KB",
        },
    )
    connection.execute("set schema = 'mart'")
    connection.execute("set lock_configuration = true")
    return connection


def _kill(worker: subprocess.Popen[bytes]) -> None:
    """End the worker and whatever it started, at once."""
    if worker.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)


def _work(snapshot: Path, sql: str, fmt: str, memory: str, timeout_s: float) -> int:
    """The worker: limits first, then the one query. Prints rows, or one sentence on standard error."""
    _limit(memory, timeout_s)
    try:
        connection = locked_connection(snapshot, memory)
        names, kinds, rows = _ask(connection, sql)
        text = FORMATS[fmt](names, kinds, rows)
        if len(text) > LARGEST_OUTPUT:
            raise RefusedQueryError("The result is larger than 64 MB; ask for fewer rows or columns.")
    except RefusedQueryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except MemoryError:
        sys.stderr.write("The query needed more memory than it may use; ask for less.\n")
        return 1
    except (duckdb.Error, OverflowError, ValueError) as error:
        # One line: the rest of DuckDB's message repeats the query under a caret.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        sys.stderr.write(f"{_printable(lines[0])}\n")
        return 1
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


def _limit(memory: str, timeout_s: float) -> None:
    """Hard limits of this process: address space, processor seconds, no file written, no core left."""
    limits = {
        resource.RLIMIT_AS: _bytes_of(memory) + OWN_ADDRESS_SPACE,
        resource.RLIMIT_CPU: math.ceil(timeout_s) * 2 + 2,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, wanted in limits.items():
        _, hard = resource.getrlimit(kind)
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _bytes_of(memory: str) -> int:
    """Bytes of DuckDB's notation: 512MB, 1GB, 1GiB."""
    number = memory.strip().upper().rstrip("KMGIB")
    unit = memory.strip().upper()[len(number) :].strip()
    if unit not in UNITS or not number.strip().replace(".", "", 1).isdigit():
        raise SystemExit(2)
    return int(float(number) * UNITS[unit])


def _ask(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[str], Rows]:
    """Column names, DuckDB types and rows of the one query in `sql`."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise RefusedQueryError(f"One query at a time: there are {len(statements)} statements here.")
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        kind = statements[0].type.name.lower().replace("_", " ")
        raise RefusedQueryError(
            f"Only queries are run here (select, describe, summarize, explain), not {kind}."
        )
    result = connection.execute(statements[0])
    described = result.description or []
    names, kinds = [column[0] for column in described], [str(column[1]) for column in described]
    rows: Rows = []
    size = 0
    while batch := result.fetchmany(2048):
        rows += batch
        size += sum(max(SMALLEST_VALUE, len(str(value))) for row in batch for value in row)
        if size > LARGEST_OUTPUT:
            raise RefusedQueryError("The result is larger than 64 MB; ask for fewer rows or columns.")
    return names, kinds, rows


def _as_csv(names: Sequence[str], kinds: Sequence[str], rows: Rows) -> str:
    """Comma-separated, one header row; null is empty. Text that a spreadsheet would run gets a leading
    apostrophe.
    """
    lines = [
        [_quoted(_harmless(name)) for name in names],
        *([_csv_cell(value) for value in row] for row in rows),
    ]
    return "".join(",".join(line) + "\n" for line in lines)


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = _plain(value)
    return text if isinstance(value, int | float | Decimal) else _quoted(_harmless(text))


def _quoted(text: str) -> str:
    """RFC 4180; the csv module leaves a lone carriage return bare, and some readers end the row there."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _as_json(names: Sequence[str], kinds: Sequence[str], rows: Rows) -> str:
    """A list of objects; dates are ISO text, numbers are numbers, infinities and NaN are null."""
    if len(set(names)) != len(names):
        raise RefusedQueryError("Two columns of the result have one name; give them different ones with AS.")
    return (
        json.dumps([dict(zip(names, map(_json_value, row), strict=True)) for row in rows], ensure_ascii=False)
        + "\n"
    )


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): _json_value(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(inside) for inside in value]
    return _plain(value)


def _as_table(names: Sequence[str], kinds: Sequence[str], rows: Rows) -> str:
    """Columns under their names, numbers to the right, null as a dash; the first 1,000 rows and how many
    there are.
    """
    if list(names) == ["explain_key", "explain_value"]:
        return "\n".join(str(value) for _, value in rows)
    shown = [
        ["–" if value is None else _printable(_plain(value)) for value in row] for row in rows[:LARGEST_TABLE]
    ]
    heads = [_printable(name) for name in names]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]
    numeric = [
        any(word in kind for word in ("INT", "DECIMAL", "DOUBLE", "FLOAT", "NUMBER")) for kind in kinds
    ]
    aligned: list[Callable[[str, int], str]] = [str.rjust if number else str.ljust for number in numeric]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            place(cell, width) for place, cell, width in zip(aligned, cells, widths, strict=True)
        ).rstrip()

    body = [line(heads), "  ".join("─" * width for width in widths), *map(line, shown)]
    more = f", the first {LARGEST_TABLE:,} shown" if len(rows) > LARGEST_TABLE else ""
    return "\n".join([*body, f"({len(rows):,} row{'s' if len(rows) != 1 else ''}{more})"]) + "\n"


def _plain(value: Any) -> str:
    """A value as text: ISO dates, numbers without an exponent where they are exact, nested values as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(_json_value(value), ensure_ascii=False)
    return str(value)


def _printable(text: str) -> str:
    """Without what a terminal would obey: control characters become a middle dot."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


FORMATS: dict[str, Callable[[Sequence[str], Sequence[str], Rows], str]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
}


def _arguments(given: Sequence[str]) -> Iterator[Any]:
    """Snapshot, SQL, format, memory and seconds, the last two with defaults."""
    snapshot, sql, fmt, memory, timeout_s = [*given, *("1GB", "30")[len(given) - 3 :]]
    yield from (Path(snapshot), sys.stdin.read() if sql == "-" else sql, fmt, memory, float(timeout_s))


def main() -> int:
    """The worker's entry point."""
    given = sys.argv[1:]
    if not 3 <= len(given) <= 5 or given[2] not in FORMATS:
        sys.stderr.write(
            "usage: python -m pipelines.analyst <snapshot> <sql or -> <table|csv|json> [memory] [seconds]\n"
        )
        return 2
    return _work(*_arguments(given))


if __name__ == "__main__":
    sys.exit(main())
