"""From landing to the vault: which files are new, whose they are, a durable copy of each. Landing stays as it is."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.declared import Home
from pipelines.failpoints import failpoint
from pipelines.files import private_folder, sha256_of, sync_folder
from pipelines.ingest.header import matches_glob
from pipelines.ledger import Entry, Ledger, Refusal, now
from pipelines.waves import named_waves

ALLOWED = {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".json", ".sav"}
SETTLE_SECONDS = 2.0  # a file younger than this may still be on its way


@dataclass(frozen=True)
class Landed:
    """One regular file of landing as seen now."""

    name: str
    path: Path
    size: int
    modified_ns: int


class UnsettledError(Exception):
    """The file changed while it was read: it is still being sent, and will be claimed at the next run."""


def landed(folder: Path) -> list[Landed]:
    """Files of landing, shortest name first so that a copy called `… (1)` is the duplicate, not the original."""
    found = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*names, *links):
            path = Path(parent, name)
            if name.startswith((".", "~$")) or name.endswith((".part", ".tmp", ".crdownload")):
                continue
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile: there is nothing to claim
                seen = path.lstat()
                found.append(Landed(name_in(folder, path), path, seen.st_size, seen.st_mtime_ns))
    return sorted(found, key=lambda file: (len(file.name), file.name))


def name_in(folder: Path, path: Path) -> str:
    """A file by its way from landing, or by its own name outside; bytes that are no UTF-8 are shown escaped, for
    neither SQLite nor a terminal takes them.
    """
    own = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    return os.fsencode(own.as_posix()).decode("utf-8", "backslashreplace")


def _rules(home: Home) -> str:
    """Changes when the answer to "whose file is this?" could."""
    return hashlib.sha256(
        repr(sorted((code, source.files) for code, source in home.sources.items())).encode()
    ).hexdigest()[:12]


def unseen(home: Home, ledger: Ledger) -> list[Landed]:
    """Landed files that the ledger does not know by name, size and time, or refused under other declarations."""
    known = {(entry.name, entry.size, entry.modified_ns): entry for entry in ledger.files()}
    rules = _rules(home)
    fresh = []
    for file in landed(home.landing):
        entry = known.get((file.name, file.size, file.modified_ns))
        if entry is None or (entry.source is None and entry.declaration != rules):
            fresh.append(file)
    return fresh


def owners(home: Home, name: str) -> list[str]:
    """Sources whose `files:` pattern matches the file's own name."""
    base = name.rsplit("/", 1)[-1]
    return [code for code, source in home.sources.items() if matches_glob(base, source.files)]


def _not_ours(home: Home, file: Landed) -> Refusal | None:
    """Why a file is refused before it is read, if it is."""
    shown = home.source_file("<source>")
    if not stat.S_ISREG(file.path.lstat().st_mode):
        return Refusal("not_a_file", "a regular file", "a link or device", "send the file itself", records=0)
    if file.name.rsplit("/", 1)[-1] != file.path.name:
        return Refusal("unreadable_name", "a file name in UTF-8", "other bytes", "rename the file", records=0)
    if file.path.suffix.lower() not in ALLOWED:
        return Refusal(
            "unknown_type",
            ", ".join(sorted(ALLOWED)),
            file.path.suffix or "no extension",
            "export it in one of these formats",
            records=0,
        )
    mine = owners(home, file.name)
    if not mine:
        patterns = ", ".join(f"{source.files} ({code})" for code, source in home.sources.items())
        return Refusal(
            "unknown_source",
            patterns,
            "a name that matches none",
            f"rename it, or declare it in {shown}",
            records=0,
        )
    if len(mine) > 1:
        return Refusal(
            "ambiguous_source",
            "one source",
            " and ".join(mine),
            "make their `files:` patterns exclude each other",
            records=0,
        )
    return None


def _to_vault(file: Landed, originals: Path) -> str:
    """Copy under the content's own hash; raises UnsettledError when the file moves meanwhile."""
    private_folder(originals)
    temporary = originals / f".{os.getpid()}.part"
    try:
        with temporary.open("wb") as copy:
            digest = sha256_of(file.path, copy.write)
            copy.flush()
            os.fsync(copy.fileno())
        seen = file.path.lstat()
        if (seen.st_size, seen.st_mtime_ns) != (file.size, file.modified_ns):
            raise UnsettledError(file.name)
        os.chmod(temporary, 0o400)
        failpoint("claim.copied")
        os.replace(temporary, originals / digest)
        sync_folder(originals)
        failpoint("claim.kept")
    finally:
        temporary.unlink(missing_ok=True)
    return digest


def _settle(files: Iterable[Landed], wait: Callable[[float], None]) -> None:
    """Wait once until the youngest file has rested: its sender has probably finished."""
    youngest = max((file.modified_ns for file in files), default=0) / 1e9
    rest = SETTLE_SECONDS - (time.time() - youngest)
    if 0 < rest <= SETTLE_SECONDS:
        wait(rest)


def claim(home: Home, ledger: Ledger, run_id: str, wait: Callable[[float], None] = time.sleep) -> list[Entry]:
    """Claim every new file; each entry returned is committed: claimed, duplicate or refused."""
    fresh = unseen(home, ledger)
    _settle(fresh, wait)
    claimed = []
    for file in fresh:
        entry = Entry(file.name, "", file.size, file.modified_ns, claimed_at=now(), run_id=run_id)
        try:
            refusal = _not_ours(home, file)
            if refusal:
                digest = "" if refusal.reason == "not_a_file" else sha256_of(file.path)
                entry = _refused(ledger, replace(entry, sha256=digest, declaration=_rules(home)), refusal)
            else:
                digest = _to_vault(file, home.vault / "originals")
                entry = claimed_by(home, ledger, replace(entry, sha256=digest), owners(home, file.name)[0])
        except (UnsettledError, FileNotFoundError):
            continue
        except OSError as error:  # asked again at every run, until somebody has let us read it
            refusal = Refusal("unreadable_file", "a file this account may read", error.strerror or "an error",
                "give the account that runs Relier the right to read it", records=0)  # fmt: skip
            entry = _refused(ledger, entry, refusal)
        failpoint("claim.recorded")
        claimed.append(entry)
    return claimed


def _refused(ledger: Ledger, entry: Entry, refusal: Refusal) -> Entry:
    entry = replace(entry, status="refused", reason=refusal.reason, message=f"{entry.name}: {refusal}")
    ledger.record(entry, [refusal])
    return entry


def claimed_by(home: Home, ledger: Ledger, entry: Entry, source: str) -> Entry:
    """The entry as a file of `source`, recorded: claimed, or a duplicate of what the ledger has."""
    entry = replace(entry, source=source, kind=home.sources[source].kind)
    known = [other for other in ledger.files() if other.sha256 == entry.sha256 and other.source == source]
    same = next((other for other in known if other.name == entry.name), None)
    if same:  # the same bytes sent again over themselves: only the time changed, and settling looks at it
        again = "claimed" if same.status == "superseded" and not same.parquet else same.status
        entry = replace(same, size=entry.size, modified_ns=entry.modified_ns, status=again)
        ledger.record(entry)
        return entry
    # under a name that was held, as a version since replaced or for another wave, the same bytes are news
    waves = named_waves(home.sources[source], entry.name)
    twins = [
        other
        for other in known
        if other.status in {"claimed", "candidate", "accepted"}
        and (not waves or named_waves(home.sources[source], other.name) in ([], waves))
    ]
    if twins:
        told = f"{entry.name}: the same bytes as {twins[0].name}; nothing to do"
        entry = replace(entry, status="duplicate", reason="same_bytes", message=told)
    ledger.record(entry, [])
    return entry
