"""A sentence to people when a run fails or a source is late: by mail, by webhook, in the organisation's language.

Where to send is in the environment (RELIER_SMTP, RELIER_WEBHOOK), whether to is in organisation.yml. Nothing of a
respondent and no secret is in a message or in what is said of its sending; a dead server never fails a run.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from babel.dates import format_date
from pydantic import ValidationError

from pipelines.declared import DeclarationError, Home
from pipelines.declared.freshness import freshness
from pipelines.declared.lines import read_yaml
from pipelines.declared.models import Organisation
from pipelines.ledger import Ledger

SMTP, WEBHOOK = "RELIER_SMTP", "RELIER_WEBHOOK"
PATIENCE_S = 10.0
_TOLD_BY_THEM = {"name", "language", "time_zone", "alerts"}  # keys of organisation.yml an alert needs

_WORDS = {
    "fr": {
        "failure_subject": "Relier, {name} : l’actualisation a échoué",
        "failure": "{name} : l’actualisation a échoué. Motif, en anglais : {reason} {kept}",
        "kept": "Le tableau de bord en place reste affiché.",
        "late_subject": "Relier, {name} : sources en retard : {count}",
        "late": (
            "{label} : les dernières données datent du {day}, il y a {age} jours ; la déclaration en promet"
            " tous les {limit} jours au plus. À voir avec : {owner}."
        ),
    },
    "en": {
        "failure_subject": "Relier, {name}: the refresh failed",
        "failure": "{name}: the refresh failed: {reason} {kept}",
        "kept": "The scorecard in place stays on show.",
        "late_subject": "Relier, {name}: sources late: {count}",
        "late": (
            "{label}: the last data are of {day}, {age} days ago; its declaration promises some every {limit}"
            " days at the most. Ask: {owner}."
        ),
    },
}


def tell_failure(
    organisation: Organisation, ledger: Ledger, run_id: str, reason: str, env: Mapping[str, str] = os.environ
) -> list[str]:
    """Tell once that run `run_id` failed; returns what went wrong in the telling (sentences, no secret)."""
    if "failure" not in organisation.alerts.tell:
        return []
    words = _WORDS[organisation.language]
    said = reason.rstrip(". ")
    said += "" if said.endswith("?") else "."
    text = words["failure"].format(name=organisation.name, reason=said, kept=words["kept"])
    subject = words["failure_subject"].format(name=organisation.name)
    problems = []
    for channel, send in _channels(organisation, env).items():
        if ledger.take_alert(f"failure by {channel}", run_id):
            problem = send(subject, text)
            ledger.alert_sent(f"failure by {channel}", run_id, problem)
            problems.append(problem)
    return [problem for problem in problems if problem]


def tell_broken(home: Path, error: DeclarationError, env: Mapping[str, str] = os.environ) -> list[str]:
    """Tell, once a day, that no run can start for the declarations of `home`.

    What organisation.yml says of alerts must be sound.
    """
    ledger_file = home / "data" / "restricted" / "ledger.sqlite"
    try:
        read = read_yaml(home / "declarations" / "organisation.yml", "organisation.yml")
        said = {key: value for key, value in dict(read.value).items() if key in _TOLD_BY_THEM}
        organisation = Organisation.model_validate(said)
    except (DeclarationError, ValidationError, OSError, TypeError, ValueError):
        return []
    if not ledger_file.exists():
        return []  # nothing ever ran here: whoever starts it first is at the terminal
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    with Ledger(ledger_file) as ledger:
        today = dt.datetime.now(organisation.zone).date().isoformat()
        return tell_failure(organisation, ledger, f"declarations {today}", f"{error.problems[0]}{more}", env)


def tell_late(home: Home, ledger: Ledger, env: Mapping[str, str] = os.environ) -> list[str]:
    """Tell which sources are late, each once a day, in one message; returns what went wrong in the telling."""
    organisation, last = home.organisation, ledger.published()
    if last is None or "staleness" not in organisation.alerts.tell:
        return []
    words, day = _WORDS[organisation.language], home.as_of.isoformat()
    problems = []
    for channel, send in _channels(organisation, env).items():
        kind = f"staleness by {channel}"
        due = [one for one in late(home, last.last_days) if ledger.take_alert(kind, f"{one[0]} {day}")]
        if not due:
            continue
        subject = words["late_subject"].format(name=organisation.name, count=len(due))
        problem = send(subject, "\n".join(_late(home, *one) for one in due))
        for code, _, _ in due:
            ledger.alert_sent(kind, f"{code} {day}", problem)
        problems.append(problem)
    return [problem for problem in problems if problem]


def late(home: Home, last_days: Mapping[str, dt.date]) -> list[tuple[str, dt.date, int]]:
    """(source, last day of its data, age in days) of the sources whose data are older than they promise."""
    found = []
    for code in home.sources:
        day = last_days.get(code)
        age, status = freshness(home, code, day)
        if status == "stale" and day is not None and age is not None:
            found.append((code, day, age))
    return found


def _late(home: Home, code: str, day: dt.date, age: int) -> str:
    source, language = home.sources[code], home.organisation.language
    return _WORDS[language]["late"].format(
        label=f"{getattr(source.label, language)} ({code})" if source.label else code,
        day=format_date(day, "long", language),
        age=age,
        limit=source.freshness_days,
        owner=source.owner,
    )


def _channels(
    organisation: Organisation, env: Mapping[str, str]
) -> dict[str, Callable[[str, str], str | None]]:
    """The ways that were asked for; each takes a subject and a text, and returns why it could not send them."""
    alerts = organisation.alerts
    found: dict[str, Callable[[str, str], str | None]] = {}
    if alerts.mail_to:
        found["mail"] = lambda subject, text: _mail(
            alerts.mail_from, alerts.mail_to, subject, text, env.get(SMTP, "")
        )
    if alerts.webhook:
        found["webhook"] = lambda _, text: _post(text, env.get(WEBHOOK, ""))
    return found


def _mail(sender: str, to: list[str], subject: str, text: str, address: str) -> str | None:
    """Send one mail; returns why it could not, naming neither the account nor its password."""
    server = _address(address, {"smtp", "smtps"})
    if server is None:
        return f"no mail was sent: {SMTP} must be smtp://user:password@host:port or smtps://…"
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = " ".join(subject.split()), sender, ", ".join(to)
    message.set_content(text)
    try:
        with _connected(server) as client:
            client.send_message(message)
    except smtplib.SMTPResponseException as error:
        return f"the mail server {server.hostname} refused the message (code {error.smtp_code})"
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return f"the mail server {server.hostname} did not take the message ({type(error).__name__})"
    return None


def _connected(server: SplitResult) -> smtplib.SMTP:
    """Logged in where a user is given, over TLS unless the server is this machine; raises what smtplib raises."""
    host, context = str(server.hostname), ssl.create_default_context()
    if server.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=PATIENCE_S, context=context)
        private = True
    else:
        client = smtplib.SMTP(host, server.port or 25, timeout=PATIENCE_S)
        private = False
    try:
        client.ehlo_or_helo_if_needed()
        if not private and client.has_extn("starttls"):
            client.starttls(context=context)
            private = True
        if server.username:
            if not (private or _loopback(host)):
                raise ssl.SSLError("a password is not sent in the clear")
            client.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        client.close()
        raise
    return client


def _post(text: str, address: str) -> str | None:
    """POST {"text": …}; returns why it could not, without the address: it often holds its own password."""
    url = _address(address, {"http", "https"})
    if url is None:
        return f"nothing was posted: {WEBHOOK} must be an http or https address"
    request = urllib.request.Request(  # noqa: S310 - the scheme is one of two, checked above
        address, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):  # noqa: S310 - as above
            return None
    except urllib.error.HTTPError as error:
        return f"the webhook of {url.hostname} refused the message (code {error.code})"
    except (OSError, ValueError, HTTPException) as error:
        return f"the webhook of {url.hostname} did not take the message ({type(error).__name__})"


def _address(text: str, schemes: set[str]) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises on what is no port
        return parts if parts.scheme in schemes and parts.hostname else None
    except ValueError:
        return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
