"""Sentences on failure and staleness, through a real SMTP server and a real web server of this machine."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.alerts import late, tell_broken, tell_failure, tell_late
from pipelines.declared import DeclarationError, Home
from pipelines.declared.models import Organisation
from pipelines.ledger import Ledger
from pipelines.runbook import Published
from tests.unit.operations_home import ledger_of, worked_home

SECRET = "p:a@ss/word"
ENCODED = "p%3Aa%40ss%2Fword"


@dataclass
class Post:
    """What a server was given."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)


def smtp_handler(post: Post) -> type[socketserver.StreamRequestHandler]:
    """The few verbs of RFC 5321 that a client needs, AUTH PLAIN included."""

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline():
                verb, _, rest = line.decode().strip().partition(" ")
                if verb.upper() == "EHLO":
                    self.wfile.write(b"250-here\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n")
                elif verb.upper() == "AUTH":
                    post.logins.append(base64.b64decode(rest.split()[-1]).decode().split("\0", 1)[1])
                    self.say("235 welcome")
                elif verb.upper() == "RCPT" and "nobody@" in rest:
                    self.say("550 no such user")
                elif verb.upper() == "DATA":
                    self.say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part
                    post.mails.append(body)
                    self.say("250 taken")
                elif verb.upper() == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

    return Handler


def web_handler(post: Post) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            post.posts.append(body)
            self.send_response(500 if self.path.startswith("/broken") else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Handler


def serving(server: socketserver.TCPServer, post: Post) -> Iterator[Post]:
    post.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield post
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def mail() -> Iterator[Post]:
    post = Post()
    yield from serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), smtp_handler(post)), post)


@pytest.fixture
def web() -> Iterator[Post]:
    post = Post()
    yield from serving(ThreadingHTTPServer(("127.0.0.1", 0), web_handler(post)), post)


ORGANISATION = """\
name: Groupe Été
language: {language}
as_of: {as_of}
alerts:
  mail_to: [ops@example.org]
  mail_from: relier@example.org
  webhook: true
"""


def alerting(folder: Path, language: str = "fr", as_of: str = "2025-12-31") -> Home:
    return worked_home(folder, {"organisation.yml": ORGANISATION.format(language=language, as_of=as_of)})


def remember(ledger: Ledger, home: Home) -> None:
    ledger.remember_published(Published("s", "f", 1, home.as_of, {"hr_survey": dt.date(2025, 6, 27)}))


def asking(home: Home, **changes: Any) -> Organisation:
    """The organisation with other alerts."""
    alerts = home.organisation.alerts.model_copy(update=changes)
    return home.organisation.model_copy(update={"alerts": alerts})


def env(mail: Post | None = None, web: Post | None = None, path: str = "hook") -> dict[str, str]:
    found = {}
    if mail:
        found["RELIER_SMTP"] = f"smtp://ops:{ENCODED}@127.0.0.1:{mail.port}"
    if web:
        found["RELIER_WEBHOOK"] = f"http://127.0.0.1:{web.port}/{path}/token-of-the-hook"
    return found


def test_a_failure_is_told_once_by_mail_and_webhook(tmp_path: Path, mail: Post, web: Post) -> None:
    home = alerting(tmp_path / "essai")
    with ledger_of(home) as ledger:
        for _ in range(2):
            problems = tell_failure(
                home.organisation, ledger, "run-1", "dbt build failed: a_test (fail)", env(mail, web)
            )
            assert problems == []
        assert ledger.undelivered() == []
    (sent,) = [message_from_bytes(raw, policy=policy.default) for raw in mail.mails]
    assert sent["To"] == "ops@example.org"
    assert sent["Subject"] == "Relier, Groupe Été : l’actualisation a échoué"
    text = sent.get_content().strip()
    assert text.startswith(
        "Groupe Été : l’actualisation a échoué. Motif, en anglais : dbt build failed: a_test (fail)."
    )
    assert [posted["text"] for posted in web.posts] == [text]
    assert mail.logins == [f"ops\0{SECRET}"]


def test_each_run_is_told_of(tmp_path: Path, web: Post) -> None:
    home = alerting(tmp_path / "essai", "en")
    with ledger_of(home) as ledger:
        for run_id in ("run-1", "run-2"):
            tell_failure(home.organisation, ledger, run_id, "the disk is full", env(web=web))
    assert len(web.posts) == 2
    assert web.posts[0]["text"].startswith("Groupe Été: the refresh failed: the disk is full.")


def test_a_late_source_is_told_once_a_day(tmp_path: Path, mail: Post, web: Post) -> None:
    home = alerting(tmp_path / "essai", as_of="2025-10-06")
    with ledger_of(home) as ledger:
        remember(ledger, home)
        for _ in range(2):  # no mail server is named: tried again, and what went through is not repeated
            (problem,) = tell_late(home, ledger, env(web=web))
            assert problem.startswith("no mail was sent: RELIER_SMTP must be")
        assert len(web.posts) == 1
        assert tell_late(home, ledger, env(mail, web)) == []
        assert (len(mail.mails), len(web.posts)) == (1, 1)
    tomorrow = replace(
        home, organisation=home.organisation.model_copy(update={"as_of": dt.date(2025, 10, 7)})
    )
    with ledger_of(home) as ledger:
        for _ in range(3):
            assert tell_late(tomorrow, ledger, env(mail, web)) == []
    assert (len(mail.mails), len(web.posts)) == (2, 2)
    assert web.posts[1]["text"] == (
        "hr_survey : les dernières données datent du 27 juin 2025, il y a 102 jours ; la déclaration en"
        " promet tous les 100 jours au plus. À voir avec : people team."
    )


def test_declarations_that_let_no_run_start_are_told_once_a_day(
    tmp_path: Path, mail: Post, web: Post
) -> None:
    home = alerting(tmp_path / "essai", "en")
    (home.path / "declarations" / "units.csv").write_text("unit_code\n")
    with pytest.raises(DeclarationError) as broken:
        Home.load(home.path)
    for _ in range(2):
        assert tell_broken(home.path, broken.value, env(mail, web)) == []
    assert (len(mail.mails), len(web.posts)) == (1, 1)
    assert "the refresh failed: essai/declarations/units.csv" in web.posts[0]["text"]
    organisation = home.path / "declarations" / "organisation.yml"
    organisation.write_text(organisation.read_text() + "nope: 1\n")
    assert tell_broken(home.path, broken.value, env(mail, web)) == []
    assert len(web.posts) == 1  # today's, still: what it says of alerts is sound
    with ledger_of(home) as ledger, ledger._transaction() as connection:
        connection.execute("delete from alerts")  # as on the morrow
    assert tell_broken(home.path, broken.value, env(mail, web)) == []
    assert len(web.posts) == 2
    organisation.write_text("name: [\n")
    assert tell_broken(home.path, broken.value, env(mail, web)) == []  # nobody can say whom to tell


def test_nobody_is_late_within_the_promise(tmp_path: Path, web: Post) -> None:
    home = alerting(tmp_path / "essai", as_of="2025-10-05")  # 100 days
    with ledger_of(home) as ledger:
        assert tell_late(home, ledger, env(web=web)) == []  # nothing is published: nothing to be late with
        remember(ledger, home)
        assert late(home, {"hr_survey": dt.date(2025, 6, 27)}) == []
        assert tell_late(home, ledger, env(web=web)) == []
    assert web.posts == []


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_dead_servers_are_said_and_stop_nothing(tmp_path: Path) -> None:
    home, port = alerting(tmp_path / "essai"), closed_port()
    environment = {
        "RELIER_SMTP": f"smtp://ops:{ENCODED}@127.0.0.1:{port}",
        "RELIER_WEBHOOK": f"http://127.0.0.1:{port}/token-of-the-hook",
    }
    with ledger_of(home) as ledger:
        problems = tell_failure(home.organisation, ledger, "run-1", "why", environment)
        kept = ledger.undelivered()
    assert problems == [
        "the mail server 127.0.0.1 did not take the message (ConnectionRefusedError)",
        "the webhook of 127.0.0.1 did not take the message (URLError)",
    ]
    assert sorted(one["problem"] for one in kept) == problems


@pytest.mark.parametrize(
    "address", ["", "mail.example.org", "ftp://example.org", "smtp://host:port", "http://["]
)
def test_an_unusable_address_is_said_without_being_shown(tmp_path: Path, address: str) -> None:
    home = alerting(tmp_path / "essai")
    with ledger_of(home) as ledger:
        problems = tell_failure(
            home.organisation, ledger, "run-1", "why", {"RELIER_SMTP": address, "RELIER_WEBHOOK": address}
        )
    assert [problem.split(":")[0] for problem in problems] == ["no mail was sent", "nothing was posted"]
    assert not address or all(address not in problem for problem in problems)


def test_refusals_of_the_servers_hold_no_secret(tmp_path: Path, mail: Post, web: Post) -> None:
    home = alerting(tmp_path / "essai")
    with ledger_of(home) as ledger:
        problems = tell_failure(
            asking(home, mail_to=["nobody@example.org"]), ledger, "run-1", "why", env(mail, web, "broken")
        )
    assert len(problems) == 2
    assert "refused the message (code 500)" in problems[1]
    told = " ".join(problems)
    assert not any(secret in told for secret in (SECRET, ENCODED, "token-of-the-hook", "nobody@"))


def test_nothing_is_sent_where_nobody_asked(tmp_path: Path, mail: Post, web: Post) -> None:
    home = worked_home(tmp_path / "essai")
    with ledger_of(home) as ledger:
        remember(ledger, home)
        assert tell_failure(home.organisation, ledger, "run-1", "why", env(mail, web)) == []
        assert tell_late(home, ledger, env(mail, web)) == []
    late_only = asking(home, webhook=True, tell=["staleness"])
    with ledger_of(home) as ledger:
        assert tell_failure(late_only, ledger, "run-1", "why", env(mail, web)) == []
    assert (mail.mails, web.posts) == ([], [])


def test_a_line_break_in_a_name_forges_no_header(tmp_path: Path, mail: Post) -> None:
    home = alerting(tmp_path / "essai", "en")
    organisation = asking(home, webhook=False).model_copy(update={"name": "Essai\nBcc: spy@example.org"})
    with ledger_of(home) as ledger:
        assert tell_failure(organisation, ledger, "run-1", "why", env(mail)) == []
    (sent,) = [message_from_bytes(raw, policy=policy.default) for raw in mail.mails]
    assert sent["Bcc"] is None
