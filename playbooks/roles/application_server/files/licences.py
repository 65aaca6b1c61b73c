"""The licence service (电子证照): lists licences, keeps their documents, issues new ones. usage: licences.py SETTINGS.

Records are in the database, which all application servers share; a document is on the volume of the server that
issued it, and its address names that server, so that whoever passes requests on finds it. Everybody who reaches the
service may read. Only who is on the server itself may issue. `/healthz` asks the database, because a service without it
is not well.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import psycopg
from psycopg.rows import dict_row

LARGEST_BODY = 1 << 20
SCHEMA = """
create table if not exists licences (
  number bigint generated always as identity primary key,
  kind text not null check (kind <> ''),
  holder text not null check (holder <> ''),
  issued_at timestamptz not null default now(),
  kept_on text not null,
  document_sha256 text not null
)
"""
# Any number, the same for all: two servers that start together must not both make the table.
SCHEMA_LOCK = 20190801
NEWEST = "select * from licences order by number desc limit 100"
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>电子证照</title><h1>电子证照（示例数据）</h1>
<table><tr><th>编号<th>种类<th>持有人<th>签发时间<th>文件</tr>{rows}</table></html>"""

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class RefusedError(Exception):
    """A request that is not carried out: its status line is the message."""


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    type: str = "application/json"
    status: str = "200 OK"


class Records:
    """The licences in the database; each use is one transaction on a connection of its own."""

    def __init__(self, where: dict[str, Any], password: str) -> None:
        self._where = {
            **where,
            "password": password,
            "sslmode": "require",
            "connect_timeout": 3,
            "target_session_attrs": "read-write",
            "row_factory": dict_row,
        }
        self._ready = False

    def newest(self) -> list[dict[str, Any]]:
        """Return the newest licences, newest first."""
        with self._connect() as connection:
            return connection.execute(NEWEST).fetchall()

    def add(self, kind: str, holder: str, kept_on: str, digest: str) -> dict[str, Any]:
        """Record a licence and return it."""
        with self._connect() as connection:
            row = connection.execute(
                "insert into licences (kind, holder, kept_on, document_sha256) values (%s, %s, %s, %s) returning *",
                (kind, holder, kept_on, digest),
            ).fetchone()
        if row is None:
            raise RefusedError("500 Internal Server Error")
        return row

    def health(self) -> dict[str, Any]:
        """Return how many licences there are and which database server says so."""
        with self._connect() as connection:
            row = connection.execute("select count(*) as licences, host(inet_server_addr()) as database from licences")
            return row.fetchone() or {}

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        connection: psycopg.Connection[dict[str, Any]] = psycopg.connect(**self._where)
        if not self._ready:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
                connection.execute(SCHEMA)
            self._ready = True
        return connection


class Documents:
    """Files by the digest of what is in them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Store a document so that a power cut leaves all of it or nothing, and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        unfinished = self._folder / f"{digest}.{os.getpid()}.new"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / digest)
        return digest

    def read(self, digest: str) -> bytes:
        """Return a document."""
        try:
            return (self._folder / digest).read_bytes()
        except FileNotFoundError:
            raise RefusedError("404 Not Found") from None


class Service:
    """The WSGI application."""

    def __init__(self, name: str, issuer: str, records: Records, documents: Documents) -> None:
        self._name, self._issuer, self._records, self._documents = name, issuer, records, documents

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._answer(environ)
        except RefusedError as refused:
            answer = Answer(_json({"error": str(refused)}), status=str(refused))
        except psycopg.OperationalError as error:
            print(f"database: {error}", file=sys.stderr)  # noqa: T201 - the journal reads it
            answer = Answer(_json({"error": "the database does not answer"}), status="503 Service Unavailable")
        start_response(answer.status, [("Content-Type", answer.type), ("Content-Length", str(len(answer.body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        document = re.fullmatch(f"/documents/{re.escape(self._name)}/([0-9a-f]{{64}})", environ["PATH_INFO"])
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "GET" | "HEAD", "/":
                return Answer(_page(self._records.newest()), "text/html; charset=utf-8")
            case "GET" | "HEAD", "/licences":
                return Answer(_json([_told(row) for row in self._records.newest()]))
            case "GET" | "HEAD", "/healthz":
                return Answer(_json({**self._records.health(), "application": self._name}))
            case "GET" | "HEAD", _ if document:
                return Answer(self._documents.read(document[1]), "application/octet-stream")
            case "POST", "/licences":
                return Answer(_json(_told(self._issue(environ))), status="201 Created")
        raise RefusedError("404 Not Found")

    def _issue(self, environ: dict[str, Any]) -> dict[str, Any]:
        if environ["REMOTE_ADDR"] != self._issuer:
            raise RefusedError("403 Forbidden")
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise RefusedError("413 Content Too Large")
        try:
            wanted = json.loads(environ["wsgi.input"].read(int(length)))
            kind, holder, document = (wanted[key] for key in ("kind", "holder", "document"))
        except (ValueError, KeyError, TypeError):
            raise RefusedError("400 Bad Request") from None
        if not all(isinstance(text, str) and text for text in (kind, holder, document)):
            raise RefusedError("400 Bad Request")
        # The document first: a record without its document would be a lie, the reverse is only a spare file.
        return self._records.add(kind, holder, self._name, self._documents.keep(document.encode()))


class Server(ThreadingMixIn, WSGIServer):
    """One thread for each request; those that are open when the service stops are let go."""

    daemon_threads = True


def _told(row: dict[str, Any]) -> dict[str, Any]:
    document = f"/documents/{row['kept_on']}/{row['document_sha256']}"
    issued = row["issued_at"].isoformat()
    return {**{key: row[key] for key in ("number", "kind", "holder")}, "issued_at": issued, "document": document}


def _page(rows: list[dict[str, Any]]) -> bytes:
    lines = []
    for told in map(_told, rows):
        cells = [html.escape(str(told[key])) for key in ("number", "kind", "holder", "issued_at")]
        link = f'<a href="{html.escape(told["document"])}">查看</a>'
        lines.append("<tr>" + "".join(f"<td>{cell}" for cell in [*cells, link]) + "</tr>")
    return PAGE.format(rows="".join(lines)).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def main() -> None:
    """Serve until stopped."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    password = (Path(os.environ["CREDENTIALS_DIRECTORY"]) / "database-password").read_text(encoding="utf-8").strip()
    service = Service(
        settings["name"],
        settings["address"],
        Records(settings["database"], password),
        Documents(Path(settings["documents"])),
    )
    with Server((settings["address"], settings["port"]), WSGIRequestHandler) as server:
        server.set_app(service)
        server.serve_forever()


if __name__ == "__main__":
    main()
