"""Privacy: pseudonyms on the way in, one door on the way out. Pure: tables in, tables out, no engine."""

from pipelines.privacy.attack import Leak, attack, attack_between
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
from pipelines.privacy.rules import HEADCOUNT_KPIS, Closure, Headcount, MaskRefusedError, Rules
from pipelines.privacy.suppression import Suppressed, suppress

__all__ = [
    "HEADCOUNT_KPIS",
    "KEY_VARIABLE",
    "Closure",
    "Headcount",
    "KeyRefusedError",
    "Leak",
    "MaskRefusedError",
    "Protected",
    "Pseudonyms",
    "Rules",
    "Suppressed",
    "attack",
    "attack_between",
    "audit",
    "freeze",
    "key_mark",
    "load_or_make_key",
    "protect",
    "pseudonymise",
    "suppress",
]
