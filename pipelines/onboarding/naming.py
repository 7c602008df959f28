"""Names drawn from a file's name: the source's code, the pattern of its next exports, the wave this one is."""

from __future__ import annotations

import re

from pipelines.ingest.header import matches_glob
from pipelines.ingest.months import month_of
from pipelines.onboarding.words import fold

LETTERS = re.compile(r"[^\W\d_]+")
PERIOD = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:[-_ ]?([QT][1-4])(?!\d)|[-_]?(0[1-9]|1[0-2])(?:[-_]?(?:[0-2]\d|3[01]))?(?!\d))?",
    re.IGNORECASE,
)


def source_name(file: str) -> str:
    """A source's code from a file name: its letters, without dates."""
    stem = re.sub(r"\.[A-Za-z]{2,5}$", "", file.rsplit("/", 1)[-1])
    words = [word for word in re.split(r"[^a-z]+", fold(stem)) if len(word) > 1 and not month_of(word)]
    name = "_".join(words)[:40].strip("_")
    return name if name and name[0].isalpha() else "source"


def files_pattern(file: str) -> str:
    """The file's name with its dates and numbers as `*`, so that the next export matches too."""
    stem, dot, suffix = file.rpartition(".")
    stem = re.sub(r" ?\(\d+\)$", "", stem)  # the second download of one file
    pattern = LETTERS.sub(lambda word: "*" if month_of(word[0]) else word[0], stem or suffix)
    pattern = re.sub(r"\d+(?:[-_. ]*\d+)*", "*", pattern)
    pattern = re.sub(r"\*(?:[-_. ()]*\*)+", "*", pattern)
    pattern = f"{pattern}.{suffix}" if dot else pattern
    return (
        pattern if re.search(r"[^\W\d_]", pattern.rsplit(".", 1)[0]) and matches_glob(file, pattern) else file
    )


def wave_of(file: str) -> tuple[str, str]:
    """Code and file pattern of the one wave the file is."""
    told = PERIOD.search(file)
    if told is None:
        return "1", file
    year, quarter, month = told.groups()
    code = f"{year}-Q{quarter[1]}" if quarter else f"{year}-{month}" if month else year
    rest = re.sub(r"\d+", "*", file[told.end() :])
    pattern = f"{file[: told.end()]}{rest}"
    return code, pattern if matches_glob(file, pattern) else file
