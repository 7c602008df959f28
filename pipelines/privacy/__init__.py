"""Privacy: pseudonyms on the way in, one door on the way out. Pure: tables in, tables out, no engine."""

from pipelines.privacy.attack import Leak, attack, attack_between
from pipelines.privacy.attack_segments import Made
from pipelines.privacy.audit import audit
from pipelines.privacy.door import Protected, protect
from pipelines.privacy.pseudonyms import (
    KEY_VARIABLE,
    KeyRefusedError,
    Pseudonyms,
    key_mark,
    load_or_make_key,
    pseudonymise,
)
from pipelines.privacy.register import freeze
from pipelines.privacy.rules import (
    COMMENT_KPIS,
    HEADCOUNT_KPIS,
    Closure,
    Headcount,
    MaskRefusedError,
    Overlap,
    Rules,
)
from pipelines.privacy.scorecard import copy_masked
from pipelines.privacy.suppression import Suppressed, suppress

__all__ = [
    "COMMENT_KPIS",
    "HEADCOUNT_KPIS",
    "KEY_VARIABLE",
    "Closure",
    "Headcount",
    "KeyRefusedError",
    "Leak",
    "Made",
    "MaskRefusedError",
    "Overlap",
    "Protected",
    "Pseudonyms",
    "Rules",
    "Suppressed",
    "attack",
    "attack_between",
    "audit",
    "copy_masked",
    "freeze",
    "key_mark",
    "load_or_make_key",
    "protect",
    "pseudonymise",
    "suppress",
]
