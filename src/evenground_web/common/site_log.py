"""The site's own log: log-ins, decisions and whole tables. The site cannot write to the secure zone's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from evenground.audit_log import Event, append_line
from evenground.errors import AuditLogError

logger = logging.getLogger("django.evenground")


def note_event(event: Event, *, by: str, facts: Mapping[str, str | int] | None = None) -> None:
    """Add a line to the site's log. A log that cannot be written is told to whoever runs the site, no more:
    nobody is kept from reading published figures by it."""
    if not settings.EVENGROUND_LOG:
        return
    try:
        append_line(Path(settings.EVENGROUND_LOG), event, by=by, facts=facts)
    except AuditLogError as error:
        logger.error("%s", error)
