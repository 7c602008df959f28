"""A double-entry book that writes itself as a FEC (art. A47 A-1): amounts in cents, balanced entries."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

COLUMNS = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
]
JOURNALS = {
    "AN": "À-nouveaux",
    "VE": "Ventes",
    "HA": "Achats",
    "PA": "Paie",
    "BQ": "Banque",
    "OD": "Opérations diverses",
}
ACCOUNTS = {
    "101000": "Capital",
    "120000": "Résultat de l'exercice",
    "218300": "Matériel de bureau",
    "281800": "Amortissements",
    "401000": "Fournisseurs",
    "411000": "Clients",
    "421000": "Personnel",
    "431000": "Sécurité sociale",
    "444000": "Impôt sur les bénéfices",
    "445510": "TVA à décaisser",
    "445660": "TVA déductible",
    "445710": "TVA collectée",
    "447000": "Autres impôts",
    "462000": "Créances sur cessions",
    "512000": "Banque",
    "601000": "Matières premières",
    "604000": "Prestations achetées",
    "611000": "Sous-traitance",
    "613200": "Locations",
    "622600": "Honoraires",
    "623100": "Annonces et insertions",
    "635110": "Impôts locaux",
    "641100": "Salaires",
    "645100": "Cotisations",
    "657000": "Valeur des immobilisations cédées",
    "661100": "Intérêts",
    "675000": "Valeur des éléments cédés",
    "681120": "Dotations",
    "695000": "Impôt sur les bénéfices",
    "706100": "Prestations récurrentes",
    "706200": "Interventions",
    "708500": "Produits annexes",
    "757000": "Produits des cessions",
    "768000": "Produits financiers",
    "775000": "Produits des cessions",
    "791000": "Transferts de charges",
}
Posting = tuple[str, str, int]  # account, auxiliary ("" for none), debit − credit in cents


@dataclass
class Line:
    account: str
    auxiliary: str
    cents: int
    letter: str = ""
    lettered: dt.date | None = None


@dataclass
class Entry:
    journal: str
    date: dt.date
    piece: str
    label: str
    lines: list[Line]


@dataclass
class Book:
    """One company's entries of one fiscal year, over balances that live from year to year."""

    names: dict[str, str]  # auxiliary → name
    entries: list[Entry] = field(default_factory=list)
    balances: Counter[tuple[str, str]] = field(default_factory=Counter)
    _open: dict[tuple[str, str], Line] = field(default_factory=dict)
    _letters: Counter[str] = field(default_factory=Counter)

    def post(self, journal: str, date: dt.date, piece: str, label: str, *postings: Posting) -> None:
        """Add one entry; raises ValueError when its debits and credits differ."""
        lines = [Line(account, auxiliary, cents) for account, auxiliary, cents in postings if cents]
        if sum(line.cents for line in lines):
            raise ValueError(f"entry {piece} of {date} does not balance")
        for line in lines:
            self.balances[line.account, line.auxiliary] += line.cents
            if line.auxiliary and line.account[:2] in {"40", "41"}:
                self._letter(line, date)
        if lines:
            self.entries.append(Entry(journal, date, piece, label, lines))

    def _letter(self, line: Line, date: dt.date) -> None:
        """Match a payment with the invoice it settles to the cent: same letters, date of the payment."""
        key = line.account, line.auxiliary
        invoice = self._open.pop(key, None)
        if invoice is None or invoice.cents != -line.cents:
            self._open[key] = line
            return
        self._letters[line.account] += 1
        rank = self._letters[line.account] - 1
        letters = "".join(chr(65 + rank // 26**power % 26) for power in (2, 1, 0))
        for one in (invoice, line):
            one.letter, one.lettered = letters, date

    def next_year(self, year: int) -> Book:
        """The following year's book: balances by account and third party, the result carried to 120."""
        following = Book(self.names)
        opening: list[Posting] = []
        result = 0
        for (account, auxiliary), cents in sorted(self.balances.items()):
            if account[0] in "67":
                result += cents
            elif cents:
                opening.append((account, auxiliary, cents))
        carried = defaultdict(int, {(account, auxiliary): cents for account, auxiliary, cents in opening})
        carried["120000", ""] += result
        postings = [(account, auxiliary, cents) for (account, auxiliary), cents in sorted(carried.items())]
        following.post("AN", dt.date(year, 1, 1), f"AN-{year}", "À-nouveaux", *postings)
        return following

    def result(self) -> int:
        """Profit so far, in cents: classes 7 less 6 (nothing closes them, as in a FEC)."""
        return -sum(cents for (account, _), cents in self.balances.items() if account[0] in "67")

    def text(self, closing: dt.date, delimiter: str) -> tuple[str, int]:
        """The file's text and its number of lines, header left out."""
        order = list(JOURNALS)
        self.entries.sort(key=lambda entry: (entry.date, order.index(entry.journal)))
        rows, numbers = [delimiter.join(COLUMNS)], Counter[str]()
        for entry in self.entries:
            numbers[entry.journal] += 1
            day, number = f"{entry.date:%Y%m%d}", f"{entry.journal}{numbers[entry.journal]:05d}"
            # Entries are validated at the end of their month, those of the last month at closing.
            validated = min(closing, month_end(entry.date.year, entry.date.month))
            for line in entry.lines:
                debit, credit = max(line.cents, 0), max(-line.cents, 0)
                cells = [
                    entry.journal,
                    JOURNALS[entry.journal],
                    number,
                    day,
                    line.account,
                    ACCOUNTS[line.account],
                    line.auxiliary,
                    self.names[line.auxiliary] if line.auxiliary else "",
                    entry.piece,
                    day,
                    entry.label,
                    _euros(debit),
                    _euros(credit),
                    line.letter,
                    f"{line.lettered:%Y%m%d}" if line.lettered else "",
                    f"{validated:%Y%m%d}",
                    "",
                    "",
                ]
                rows.append(delimiter.join(cells))
        return "\r\n".join(rows) + "\r\n", len(rows) - 1


def month_end(year: int, month: int) -> dt.date:
    """Last day of a month 1–12."""
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02d}"
