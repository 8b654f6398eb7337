"""A publisher's server on this machine, which answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from evenground.sources.fetch import FetchOptions


@dataclass(frozen=True)
class Reply:
    """What the server says once. ``says`` is the length it promises: the body's, or none if below 0."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    says: int | None = None


@dataclass(frozen=True)
class Question:
    """What was asked."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Publisher:
    """Replies in turn with what is queued, then with what ``answer`` makes of the question."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Question] = []
        self.waits: list[float] = []
        self.told: list[str] = []
        self.queue: list[Reply] = []
        self.answer: Callable[[Question], Reply] = lambda _question: Reply(status=404)

    def reply(self, question: Question) -> Reply:
        self.asked.append(question)
        return self.queue.pop(0) if self.queue else self.answer(question)

    def options(self, **facts: bool) -> FetchOptions:
        return FetchOptions(mirror=self.url, wait=self.waits.append, tell=self.told.append, **facts)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.publisher.reply(Question(parts.path, query, headers))  # type: ignore[attr-defined]
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        length = len(reply.body) if reply.says is None else reply.says
        if reply.status != 304 and length >= 0:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_args: object) -> None:
        """Nothing: tests print nothing."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.publisher = Publisher(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.publisher  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()
