"""What a declaration says about one source, as plain frozen values.

The declarations layer builds these from YAML; the readers never see YAML. Codes are lower snake case,
columns are header names as the file spells them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ItemSpec:
    """One closed question. `values` maps raw text to points, `missing` maps raw text to a missing reason."""

    code: str
    column: str
    aliases: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureSpec:
    """One already aggregated figure. `scale` is percent (0-100), share (0-1) or points (as it comes)."""

    code: str
    column: str
    aliases: tuple[str, ...] = ()
    scale: str = "points"
    missing: dict[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class WaveSpec:
    """One fieldwork; `file` is a glob on the file name."""

    code: str
    file: str


@dataclass(frozen=True)
class SourceSpec:
    """One source. `waves=None` means continuous: the wave is read later from the submission date.

    `keys` maps response, respondent, unit, submitted_at, language, channel, weight, counterparty, n
    to header names. `aliases` maps the unit as the file writes it to a unit code. `ledger_aliases` are the
    auxiliary codes of a ledger that name a unit rather than a person.
    """

    code: str
    kind: str
    format: str
    files: str
    keys: dict[str, str] = field(default_factory=dict)
    unit: str | None = None
    items: tuple[ItemSpec, ...] = ()
    measures: tuple[MeasureSpec, ...] = ()
    segments: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    waves: tuple[WaveSpec, ...] | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    time_formats: tuple[str, ...] = ()
    sheet: str | None = None
    header_row: int | None = None
    ledger_aliases: frozenset[str] = frozenset()
