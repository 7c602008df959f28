"""A home of one ledger: a FEC of any number of lines, balanced, drawn with a fixed seed."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from pipelines.declared import Home

FILES = {
    "organisation.yml": "{name: Bench, language: en, currency: EUR, time_zone: Europe/Paris,\n"
    " fiscal_year_start: 01-01, scorecard_grain: quarter, as_of: 2026-01-31}\n",
    "units.csv": "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\nroot,,Tout,All,2020-01-01,\n",
    "unit_aliases.csv": "source,alias,unit_code\n",
    "finance.yml": 'charts: [{fiscal_years: [2025], kpis: {revenue: "credit(70)"}}]\n',
    "sources/books.yml": "{version: 1, kind: ledger, format: fec, files: '*FEC*.txt', owner: finance,\n"
    " cadence: yearly, freshness_days: 400, checks: {balance: block}}\n",
}
# One entry in two lines: a client owes, a sale of one of a hundred accounts; half of the third parties are people.
LINES = """
    select 'VE' as "JournalCode", 'Ventes' as "JournalLib", 'VE' || entry as "EcritureNum", day as "EcritureDate",
        if(side = 0, '411000', '706' || lpad((entry % 100)::varchar, 3, '0')) as "CompteNum",
        'Compte' as "CompteLib", if(side = 0, 'C' || (entry * 7919 % 50000), '') as "CompAuxNum",
        if(side = 0, 'Client', '') as "CompAuxLib", 'F-' || entry as "PieceRef", day as "PieceDate",
        'Facture ' || entry as "EcritureLib", if(side = 0, amount, '0,00') as "Debit",
        if(side = 0, '0,00', amount) as "Credit", if(entry % 3 = 0, 'L' || (entry // 3), '') as "EcritureLet",
        if(entry % 3 = 0, day, '') as "DateLet", day as "ValidDate", '' as "Montantdevise", '' as "Idevise"
    from (
        select i // 2 as entry, i % 2 as side, strftime(date '2025-01-01' + (i // 2 % 365)::int, '%Y%m%d') as day,
            replace((100 + (i // 2 * 7919) % 500000)::decimal(12, 0)::varchar, '.', '') as cents,
            cents[:-3] || ',' || right(cents, 2) as amount
        from range({lines}) as t(i)
    )
"""


def make(folder: Path, lines: int) -> Home:
    """Write declarations and a FEC of `lines` lines under `folder`; returns the loaded home."""
    for name, text in FILES.items():
        path = folder / "declarations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "landing").mkdir()
    file = folder / "landing" / "123456789FEC20251231.txt"
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute(
            f"copy ({LINES.format(lines=lines)}) to '{file}' (header, delimiter '\t', quote '', escape '')"
        )
    os.utime(file, (1_700_000_000, 1_700_000_000))  # long since arrived
    return Home.load(folder)
