"""What comments say, as codes: language, tone and themes, read offline from word lists that anybody can open.

Pure: text in, codes out. A comment goes no further than the memory of the process that reads it.
"""

from pipelines.verbatims.analysis import NO_CODES, Analyser, Codes, Explanation, Reading, analyser_for
from pipelines.verbatims.lexicon import HEAVIEST, LANGUAGES, Additions, Theme, shipped_digest, themes
from pipelines.verbatims.redaction import redact

__all__ = [
    "HEAVIEST",
    "LANGUAGES",
    "NO_CODES",
    "Additions",
    "Analyser",
    "Codes",
    "Explanation",
    "Reading",
    "Theme",
    "analyser_for",
    "redact",
    "shipped_digest",
    "themes",
]
