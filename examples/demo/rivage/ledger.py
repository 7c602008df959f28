"""Three yearly ledgers whose monthly entries give each agency the margin of `world.levels()`.

Agencies are told apart as small French groups do: a prefix on the piece (`LY-`) and, in payroll, the cost
centre as third party. The head office (`SG-`, CC-700) matches no rule: its lines stay unassigned.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from rivage import world
from rivage.book import Book, Posting, month_end
from rivage.expected import File

SIREN = "999000111"  # invented: its check digit is wrong, so no company can bear it
DELIMITERS = {2023: "\t", 2024: "|", 2025: "\t"}
SEASON = np.array([0.97, 0.96, 1.03, 1.01, 1.0, 1.04, 0.98, 0.88, 1.03, 1.05, 1.03, 1.02])
REVENUE_PER_HEAD, GROSS_PER_HEAD = 8900.0, 2950.0  # euros a month
CHARGES, TAX, DEPRECIATION = 0.42, 0.018, 0.03  # shares of gross pay, of revenue, of revenue
PURCHASES = [[("601000", 0.12), ("604000", 0.27)], [("611000", 0.28)], [("613200", 0.23)], [("622600", 0.10)]]
OFFICE, OFFICE_CENTRE, OFFICE_HEADS = "SG-", "CC-700", 34


def _names() -> dict[str, str]:
    names = {OFFICE_CENTRE: "Siège", "F-SG1": "Fournisseur SG1"}
    for agency in world.AGENCIES:
        code = agency.piece[:2]
        names |= {agency.cost_centre: agency.name, f"C-{code}": f"Clients {agency.name}"}
        names |= {f"F-{code}{at}": f"Fournisseur {code}{at}" for at in range(1, len(PURCHASES) + 1)}
    return names


def _quarter_plan(
    rng: np.random.RandomState, agency: world.Agency, index: int, margin: float
) -> list[dict[str, float]]:
    """Euros of three months whose quarter ends on `margin` exactly: purchases are what is left to spend."""
    year, quarter = world.QUARTERS[index]
    heads, years = agency.heads[year - 2023], year - 2023 + (quarter - 1) / 4
    season = SEASON[3 * quarter - 3 : 3 * quarter]
    revenue = heads * REVENUE_PER_HEAD * 1.025**years * season * (1 + 0.012 * rng.standard_normal(3))
    gross = heads * GROSS_PER_HEAD * 1.025**years
    total = revenue.sum()
    bought = total * (1 - margin - TAX - DEPRECIATION) - 3 * gross * (1 + CHARGES)
    return [
        {
            "revenue": revenue[month], "gross": gross, "bought": bought * revenue[month] / total,
            "depreciation": total * DEPRECIATION / 3, "tax": total * TAX if month == 2 else 0.0,
        }
        for month in range(3)
    ]  # fmt: skip


def _cents(euros: float) -> int:
    return round(euros * 100)


def _sell_and_buy(
    book: Book,
    rng: np.random.RandomState,
    agency: world.Agency,
    year: int,
    month: int,
    plan: dict[str, float],
) -> None:
    """The month's sales and purchases of one agency, VAT at 20 %."""
    code, tag = agency.piece[:2], f"{agency.piece}{year % 100}{month:02d}"
    routine = _cents(plan["revenue"] * (0.6 + 0.05 * rng.rand()))
    calls = _cents(plan["revenue"]) - routine
    vat = round((routine + calls) * 0.2)
    sold = dt.date(year, month, int(rng.randint(20, 29)))
    book.post(
        "VE",
        sold,
        f"{tag}F",
        "Ventes du mois",
        ("411000", f"C-{code}", routine + calls + vat),
        ("706100", "", -routine),
        ("706200", "", -calls),
        ("445710", "", -vat),
    )
    for at, accounts in enumerate(PURCHASES, 1):
        lines: list[Posting] = [(account, "", _cents(plan["bought"] * share)) for account, share in accounts]
        net = sum(cents for _, _, cents in lines)
        vat = round(net * 0.2)
        bought = dt.date(year, month, int(rng.randint(3, 28)))
        book.post(
            "HA",
            bought,
            f"{tag}A{at}",
            "Facture",
            *lines,
            ("445660", "", vat),
            ("401000", f"F-{code}{at}", -net - vat),
        )


def _pay_and_wear(book: Book, agency: world.Agency, year: int, month: int, plan: dict[str, float]) -> None:
    """One agency's monthly payroll (cost centre as third party) and depreciation, quarterly local tax."""
    end, tag = month_end(year, month), f"{agency.piece}{year % 100}{month:02d}"
    _payroll(book, end, agency.cost_centre, _cents(plan["gross"]))
    worn, tax = _cents(plan["depreciation"]), _cents(plan["tax"])
    book.post("OD", end, f"{tag}D", "Dotation", ("681120", "", worn), ("281800", "", -worn))
    book.post("OD", end, f"{tag}T", "Impôts locaux", ("635110", "", tax), ("447000", "", -tax))


def _payroll(book: Book, end: dt.date, centre: str, gross: int) -> None:
    charges = round(gross * CHARGES)
    held = round(gross * 0.22)
    book.post(
        "PA",
        end,
        f"PA{end:%y%m}",
        "Paie du mois",
        ("641100", centre, gross),
        ("645100", centre, charges),
        ("421000", "", held - gross),
        ("431000", "", -charges - held),
    )


def _settle(book: Book, rng: np.random.RandomState, year: int, month: int) -> None:
    """What last month left open: clients pay, suppliers, staff and the State are paid."""
    for agency in world.AGENCIES:
        code, tag = agency.piece[:2], f"{agency.piece}{year % 100}{month:02d}"
        due = book.balances["411000", f"C-{code}"]
        book.post(
            "BQ",
            dt.date(year, month, int(rng.randint(5, 20))),
            f"{tag}R",
            "Encaissement",
            ("512000", "", due),
            ("411000", f"C-{code}", -due),
        )
        debts = [
            (f"F-{code}{at}", -book.balances["401000", f"F-{code}{at}"])
            for at in range(1, len(PURCHASES) + 1)
        ]
        book.post(
            "BQ",
            dt.date(year, month, int(rng.randint(5, 28))),
            f"{tag}P",
            "Virements",
            *(("401000", auxiliary, cents) for auxiliary, cents in debts),
            ("512000", "", -sum(cents for _, cents in debts)),
        )
    owed = -book.balances["401000", "F-SG1"]
    book.post(
        "BQ",
        dt.date(year, month, 2),
        f"SG-{year % 100}{month:02d}P",
        "Virement",
        ("401000", "F-SG1", owed),
        ("512000", "", -owed),
    )
    collected, paid = -book.balances["445710", ""], book.balances["445660", ""]
    book.post(
        "OD",
        dt.date(year, month, 1),
        f"SG-{year % 100}{month:02d}V",
        "Déclaration de TVA",
        ("445710", "", collected),
        ("445660", "", -paid),
        ("445510", "", paid - collected),
    )
    debts = [
        (account, -book.balances[account, ""])
        for account in ("421000", "431000", "444000", "445510", "447000")
    ]
    book.post(
        "BQ",
        dt.date(year, month, 2),
        f"SG-{year % 100}{month:02d}B",
        "Personnel et État",
        *((account, "", cents) for account, cents in debts),
        ("512000", "", -sum(cents for _, cents in debts)),
    )


def _head_office(book: Book, rng: np.random.RandomState, year: int, month: int) -> None:
    """What belongs to no agency: fees, advertising, pay, interest, and the odd events of each chart."""
    end, tag = month_end(year, month), f"{OFFICE}{year % 100}{month:02d}"
    fees, adverts = (
        _cents(42000 * (1 + 0.1 * rng.standard_normal())),
        _cents(27000 * (1 + 0.1 * rng.standard_normal())),
    )
    vat = round((fees + adverts) * 0.2)
    book.post(
        "HA",
        dt.date(year, month, 12),
        f"{tag}A",
        "Facture",
        ("622600", "", fees),
        ("623100", "", adverts),
        ("445660", "", vat),
        ("401000", "F-SG1", -fees - adverts - vat),
    )
    _payroll(book, end, OFFICE_CENTRE, _cents(OFFICE_HEADS * GROSS_PER_HEAD * 1.4))
    if month % 3 == 0:
        book.post(
            "BQ",
            end,
            f"{tag}I",
            "Intérêts",
            ("661100", "", 840000),
            ("768000", "", -120000),
            ("512000", "", -720000),
        )
        book.post("BQ", end, f"{tag}L", "Sous-location", ("512000", "", 3600000), ("708500", "", -3600000))
    if month == 6 and year < 2025:
        book.post(
            "OD", end, f"{tag}X", "Transfert de charges", ("512000", "", 1800000), ("791000", "", -1800000)
        )
    if month == 6 and year > 2023:
        # The 2025 chart books the sale of an asset as ordinary income: 757/657 where 2024 had 775/675.
        left, price = ("675000", "775000") if year == 2024 else ("657000", "757000")
        book.post("OD", end, f"{tag}Y", "Cession de matériel", ("462000", "", 5400000), (price, "", -5400000))
        book.post("OD", end, f"{tag}Z", "Sortie de matériel", (left, "", 3100000), ("218300", "", -3100000))
        book.post(
            "BQ", end, f"{tag}C", "Cession encaissée", ("512000", "", 5400000), ("462000", "", -5400000)
        )
    if month == 12:
        due = max(round(book.result() * 0.25), 0)
        book.post("OD", end, f"{tag}S", "Impôt de l'exercice", ("695000", "", due), ("444000", "", -due))


def files() -> list[File]:
    """The three ledgers, each opened on the balances of the one before."""
    rng, truth = world.random("ledger"), world.levels()
    book, made = Book(_names()), []
    book.post(
        "OD",
        dt.date(2023, 1, 1),
        "SG-APPORT",
        "Apport initial",
        ("218300", "", 480000000),
        ("512000", "", 900000000),
        ("101000", "", -1380000000),
    )
    for year, delimiter in DELIMITERS.items():
        if year > 2023:
            book = book.next_year(year)
        for quarter in (1, 2, 3, 4):
            index = world.QUARTERS.index((year, quarter))
            plans = {
                agency.unit: _quarter_plan(rng, agency, index, truth.margins[agency.unit][index])
                for agency in world.AGENCIES
            }
            for place in range(3):
                month = 3 * quarter - 2 + place
                _settle(book, rng, year, month)
                for agency in world.AGENCIES:
                    _sell_and_buy(book, rng, agency, year, month, plans[agency.unit][place])
                    _pay_and_wear(book, agency, year, month, plans[agency.unit][place])
                _head_office(book, rng, year, month)
        text, lines = book.text(dt.date(year, 12, 31), delimiter)
        encoding = "iso8859-15" if year == 2023 else "utf-8"
        made.append(File(f"{SIREN}FEC{year}1231.txt", text.encode(encoding), "accepted", lines))
    return made
