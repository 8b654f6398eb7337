"""Which addresses may be asked: https, or plain http on this machine alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

from evenground.errors import Fault, SourceError

FINGERTIPS: Final = "https://fingertips.phe.org.uk/api"
ONS: Final = "https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
NOMIS: Final = "https://www.nomisweb.co.uk/api/v01"


def check_mirror(address: str) -> str:
    """The start of a mirror's addresses, without a slash at its end.

    Raises
    ------
    SourceError
        Where it is not https, nor http on this machine, or holds a password, a query or a fragment.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise _not_this(address, "is not an address.") from None
    if parts.username or parts.password:
        raise _not_this("--from", "holds a name or a password, which would be kept beside the file.")
    if not parts.hostname or parts.query or parts.fragment or not may_be_asked(address):
        raise _not_this(address, "is not an address that may be asked.")
    return address.rstrip("/")


def may_be_asked(address: str) -> bool:
    """Whether an address is https, or http on this machine.

    >>> may_be_asked("https://example.org/a"), may_be_asked("http://127.0.0.1:8000/a")
    (True, True)
    >>> may_be_asked("http://example.org/a"), may_be_asked("file:///etc/hosts")
    (False, False)
    """
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_here(address))


def is_here(address: str) -> bool:
    """Whether an address is of this machine."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def with_query(address: str, query: Sequence[tuple[str, str]]) -> str:
    """An address and what is asked of it."""
    return f"{address}?{urlencode(query, safe=',*')}"


def _not_this(where: str, what: str) -> SourceError:
    fix = "Give one that begins with https://, or http://127.0.0.1 on this machine, as in --from https://HOST/api."
    return SourceError("Nothing was asked for.", [Fault(where, what, fix)])
