"""One question to a publisher's server: with tries, waits and limits, and every failure as a sentence."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Final, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from evenground import __version__
from evenground.errors import Fault
from evenground.sources.fetch.addresses import is_here, may_be_asked

MOST_BYTES: Final = 500_000_000
"""The most that one file may have."""
CHUNK: Final = 1 << 16
_TRIES: Final = 3
_WAITS: Final = (2.0, 8.0)
_LONGEST_WAIT: Final = 30.0
_SECONDS: Final = 60
_RUN_AGAIN: Final = "Run the same command again later."

T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - what is told is the fault in it.
    """What was asked for does not come, however often it is asked.

    Parameters
    ----------
    fault
        What to tell.
    is_passing
        Whether it may come another day: what came so far is worth keeping.
    is_unreachable
        Whether other questions to the same server would fail alike.
    """

    def __init__(self, fault: Fault, *, is_passing: bool = False, is_unreachable: bool = False) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.is_passing = is_passing
        self.is_unreachable = is_unreachable


class Passing(Exception):  # noqa: N818 - a failure that another try may mend.
    """What failed this time may do next time; ``wait`` is what the server asks for, in seconds."""

    def __init__(self, fault: Fault, wait: float | None = None, *, is_unreachable: bool = False) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.wait = wait
        self.is_unreachable = is_unreachable


@dataclass(frozen=True, slots=True)
class Validator:
    """By what a server knows again what it sent, and how many rows that was."""

    etag: str = ""
    last_modified: str = ""
    rows: int = 0

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for it only if it is another now."""
        pairs = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return {name: value for name, value in pairs if value}

    @property
    def range_condition(self) -> str:
        """What If-Range may say: a strong tag or a date, or nothing."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, its body not read yet."""

    status: int
    headers: Mapping[str, str]
    body: IO[bytes]
    where: str

    @property
    def validator(self) -> Validator:
        """By what the server knows this body again."""
        return Validator(self.headers.get("etag", ""), self.headers.get("last-modified", ""))

    @property
    def length(self) -> int | None:
        """How many bytes the server says that there are, if it does."""
        said = self.headers.get("content-length", "")
        return int(said) if said.isdigit() else None

    def chunks(self, *, most: int) -> Iterator[bytes]:
        """The body, piece by piece.

        Raises
        ------
        Passing
            Where the connection breaks, or ends before the length that the server said.
        Refused
            Where it is longer than ``most`` bytes.
        """
        if (self.length or 0) > most:
            raise too_large(self.where)
        came = 0
        while chunk := self._read():
            came += len(chunk)
            if came > most:
                raise too_large(self.where)
            yield chunk
        if self.length is not None and came < self.length:
            raise Passing(_cut_short(self.where))

    def _read(self) -> bytes:
        try:
            return self.body.read(CHUNK)
        except (http.client.HTTPException, OSError):
            raise Passing(_cut_short(self.where)) from None


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks servers, three times where it can help."""

    wait: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = field(default=lambda _what: None)

    def persist(self, action: Callable[[], T]) -> T:
        """What ``action`` gives, tried up to three times with growing waits.

        Raises
        ------
        Refused
            Where it failed for good, or three times.
        """
        for waited in (*_WAITS, None):
            try:
                return action()
            except Passing as failure:
                if waited is None:
                    what = f"{failure.fault.what} It was tried {_TRIES} times."
                    told = Fault(failure.fault.where, what, failure.fault.fix)
                    unreachable = failure.is_unreachable
                    raise Refused(told, is_passing=True, is_unreachable=unreachable) from None
                pause = min(waited if failure.wait is None else failure.wait, _LONGEST_WAIT)
                self.tell(f"{failure.fault.where}: waiting {pause:.0f} seconds to try again")
                self.wait(pause)
        raise RuntimeError("no try was made")

    @contextmanager
    def ask(self, address: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """One try: the answer, whose status is 200, 206, 304 or 416.

        Raises
        ------
        Passing
            Where another try may help: no connection, an answer of 429 or 5xx.
        Refused
            Where it cannot.
        """
        where = urlsplit(address).netloc
        sent = {"User-Agent": f"Evenground/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
        request = Request(address, headers=sent)  # noqa: S310 - addresses are checked before.
        try:
            answer = _opener(address).open(request, timeout=_SECONDS)
        except HTTPError as error:
            if error.code not in (304, 416):
                error.close()
                raise _explain_status(where, error.code, error.headers.get("Retry-After")) from None
            answer = error
        except (OSError, http.client.HTTPException) as error:
            raise _explain_connection(where, error) from None
        with answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            if told.get("content-encoding", "identity").lower() not in ("", "identity"):
                fault = Fault(
                    where, "sends the file packed, though it was asked for as it is.", "Ask its keeper."
                )
                raise Refused(fault)
            yield Answer(answer.status or 0, told, answer, where)

    def read(
        self, address: str, headers: Mapping[str, str] | None = None, *, most: int
    ) -> tuple[Answer, bytes]:
        """A whole answer, tried three times. Its body is empty where nothing changed (304)."""

        def once() -> tuple[Answer, bytes]:
            with self.ask(address, headers) as answer:
                if answer.status == 304:
                    return answer, b""
                return answer, b"".join(answer.chunks(most=most))

        return self.persist(once)


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to https, or from this machine to this machine."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        safe = may_be_asked(newurl) and (not is_here(newurl) or is_here(req.full_url))
        if not safe or "@" in urlsplit(newurl).netloc:
            what = f"sends on to {urlsplit(newurl).netloc or 'somewhere'}, which is not https."
            fault = Fault(
                urlsplit(req.full_url).netloc, what, "It is not followed. Give an address with --from."
            )
            raise Refused(fault)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(address: str) -> OpenerDirector:
    # A proxy of the organisation is used where the environment names one, but not for this machine.
    return build_opener(_Redirects(), *([ProxyHandler({})] if is_here(address) else []))


def too_large(where: str) -> Refused:
    """That a file has more bytes than are fetched."""
    what = f"sends more than {MOST_BYTES / 1e6:.0f} MB, the most that is fetched as one file."
    return Refused(Fault(where, what, "Ask for less: fewer areas, columns or periods."))


def _cut_short(where: str) -> Fault:
    return Fault(where, "broke off before the end of the file.", _RUN_AGAIN)


def _explain_status(where: str, status: int, after: str | None) -> Passing | Refused:
    if status == 429 or status >= 500:
        what = (
            "asks for fewer questions (answer 429)." if status == 429 else f"has a fault (answer {status})."
        )
        return Passing(Fault(where, what, _RUN_AGAIN), _read_wait(after))
    if status in (404, 410):
        fix = "Check the number or name that you gave; the publisher may have withdrawn or renamed it."
        return Refused(Fault(where, f"has nothing of this name (answer {status}).", fix))
    if status in (401, 403, 407):
        fix = "Is it public? The network here may refuse it: ask who runs it."
        return Refused(Fault(where, f"does not let this be read (answer {status}).", fix))
    fix = "Check what you asked for: each number, name and option."
    return Refused(Fault(where, f"does not understand what was asked (answer {status}).", fix))


def _read_wait(after: str | None) -> float | None:
    """How long the server asks to wait: seconds, or until a date."""
    if not after:
        return None
    if after.strip().isdigit():
        return float(after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _explain_connection(where: str, error: Exception) -> Passing | Refused:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        fix = "If your network checks such traffic, name its certificate file in SSL_CERT_FILE."
        return Refused(
            Fault(where, "shows a certificate that is not trusted here.", fix), is_unreachable=True
        )
    fix = (
        "Is there a way to the internet from here? Try where there is one, and bring the file; "
        "or name a mirror with --from."
    )
    return Passing(Fault(where, "cannot be reached.", fix), is_unreachable=True)
