"""Named places where a run can be made to fail, so that tests can stop it at the worst moments.

Unarmed, a failpoint costs one comparison. `RELIER_FAILPOINT=name[:action][@hit]` arms one: action `kill` (SIGKILL to
itself, the default) or `full` (the disk is full), at the hit-th passage (default 1). `RELIER_FAILPOINT_LOG` names a
file to which every passage is appended, so that a campaign can prove which phases it stopped.
"""

from __future__ import annotations

import errno
import os
import signal

POINTS = (
    "claim.copied",  # the original lies beside its place in the vault, not yet in it
    "claim.kept",  # the original is in the vault, the ledger does not know
    "claim.recorded",
    "decode.read",  # decoded, nothing written
    "decode.written",  # the Parquet is in place, the ledger does not know
    "decode.recorded",
    "judge.judged",  # verdicts known, not recorded
    "judge.recorded",
    "settle.trimmed",  # a trimmed Parquet is in place, the ledger names the whole one
    "settle.recorded",
    "warehouse.pointed",  # raw views made, declarations not yet
    "warehouse.declared",  # ready for dbt
    "warehouse.built",
    "candidate.written",  # the candidate file is whole, nothing names it
    "candidate.saved",
    "publish.registered",  # the register says published, no reader sees it
    "publish.moved",  # the snapshot has its name, the pointer still names the last one
    "publish.pointed",
    "publish.recorded",
    "publish.pruned",
)


class _Armed:
    """What the environment asks for; read once, changed by `arm`."""

    def __init__(self, order: str, log: str) -> None:
        name, _, hit = order.partition("@")
        self.name, _, self.action = name.partition(":")
        self.left = int(hit or 1)
        self.log = log
        if self.name and self.name not in POINTS:
            raise ValueError(f"no failpoint {self.name}; they are {', '.join(POINTS)}")


_state = _Armed(os.environ.get("RELIER_FAILPOINT", ""), os.environ.get("RELIER_FAILPOINT_LOG", ""))


def arm(order: str = "", log: str = "") -> None:
    """Arm as the environment would (see the module), or disarm."""
    global _state
    _state = _Armed(order, log)


def failpoint(name: str) -> None:
    """Fail here if asked to: SIGKILL, or OSError(ENOSPC)."""
    if not _state.name and not _state.log:
        return
    if _state.log:
        with open(_state.log, "a") as log:
            log.write(f"{name}\n")
    if name != _state.name:
        return
    _state.left -= 1
    if _state.left:
        return
    if _state.action == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.kill(os.getpid(), signal.SIGKILL)
