"""An empty home: valid, explained, ready for its first source."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from pipelines.onboarding.words import fold
from pipelines.onboarding.yaml import scalar

ORGANISATION = """\
# {about}
name: {name}
language: {language}                # {language_why}
currency: EUR
time_zone: Europe/Paris
fiscal_year_start: 01-01    # {fiscal}
scorecard_grain: quarter    # month | quarter | year | fiscal_year
schedule: "0 6 * * 1"       # {schedule}
compare_with: last_year     # last_year | previous
"""
TEXTS = {
    "fr": {
        "about": "L'organisation : ce que toutes ses sources partagent.",
        "language_why": "fr | en : la langue du tableau de bord",
        "fiscal": "le premier jour de l'exercice comptable, MM-JJ",
        "schedule": "cron à cinq champs : le lundi à 6 heures",
        "readme": """\
# {name}

Une maison Relier : ce qu'une organisation déclare, ce qu'elle reçoit, ce qui en est publié.

| Dossier | Contenu |
|---|---|
| `declarations/organisation.yml` | le nom, la langue, la devise, le calendrier |
| `declarations/units.csv` | une ligne par unité, la racine d'abord ; `valid_to` vide : jusqu'à nouvel ordre |
| `declarations/unit_aliases.csv` | comment chaque source écrit une unité |
| `declarations/sources/` | un fichier par source, proposé par `relier add-source` |
| `landing/` | les fichiers tels qu'ils arrivent ; Relier n'y change rien |
| `data/` | ce que les exécutions produisent ; jamais dans un dépôt |

## Commencer

```
export RELIER_HOME="$PWD"
relier add-source CHEMIN/DE/L-EXPORT.csv   # propose declarations/sources/<nom>.yml ; répondre à chaque TODO
relier check CHEMIN/DE/L-EXPORT.csv        # dit ce qui se passerait, sans rien écrire
cp CHEMIN/DE/L-EXPORT.csv landing/
relier run
relier dashboard
```
""",
    },
    "en": {
        "about": "The organisation: what all its sources share.",
        "language_why": "fr | en: the language of the dashboard",
        "fiscal": "the first day of the fiscal year, MM-DD",
        "schedule": "five-field cron: Mondays at 6",
        "readme": """\
# {name}

A Relier home: what an organisation declares, what it receives, what is published of it.

| Folder | What it holds |
|---|---|
| `declarations/organisation.yml` | name, language, currency, calendar |
| `declarations/units.csv` | one line per unit, the root first; an empty `valid_to`: until further notice |
| `declarations/unit_aliases.csv` | how each source writes a unit |
| `declarations/sources/` | one file per source, drafted by `relier add-source` |
| `landing/` | files as they arrive; Relier changes nothing there |
| `data/` | what runs make; never in a repository |

## Start

```
export RELIER_HOME="$PWD"
relier add-source PATH/TO/EXPORT.csv   # drafts declarations/sources/<name>.yml; answer every TODO
relier check PATH/TO/EXPORT.csv        # says what would happen, writes nothing
cp PATH/TO/EXPORT.csv landing/
relier run
relier dashboard
```
""",
    },
}


class NotEmptyError(Exception):
    """The folder holds something; str() is a sentence."""


def make_home(folder: Path, name: str | None, language: str, today: dt.date | None = None) -> str:
    """Write an empty, valid home and return the code of its root unit. Raises NotEmptyError, writes nothing then.

    The root is valid from the first day of the fifth year before today: periods begin there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmptyError(
            f"{folder} is not an empty folder; give a new one, `relier new` never writes over anything"
        )
    title = (
        name
        or folder.resolve().name.replace("_", " ").replace("-", " ").strip().capitalize()
        or "Organisation"
    )
    root = re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_") or "organisation"
    root = root if root[0].isalpha() and root not in {"all", "unassigned"} else f"org_{root}"
    texts = TEXTS[language]
    start = dt.date((today or dt.date.today()).year - 5, 1, 1)
    files = {
        "declarations/organisation.yml": ORGANISATION.format(name=scalar(title), language=language, **texts),
        "declarations/units.csv": "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\n"
        f"{root},,{_cell(title)},{_cell(title)},{start},\n",
        "declarations/unit_aliases.csv": "source,alias,unit_code\n",
        "declarations/sources/.gitkeep": "",
        "landing/.gitkeep": "",
        ".gitignore": "data/\n",
        "README.md": texts["readme"].format(name=title),
    }
    for relative, text in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "landing").chmod(0o700)
    return root


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n') else text
