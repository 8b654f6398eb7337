"""The six roles, and what each may do here today."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class Role(TextChoices):
    """Who somebody is on this site."""

    ANALYST = "analyst", "Public health analyst"
    STEWARD = "steward", "Data steward"
    LEAD = "lead", "Prevention lead"
    CHAMPION = "champion", "Community champion"
    FRONTLINE = "frontline", "Frontline worker"
    BOARD = "board", "Board member, councillor or resident"


_EVERYBODY: Final = (
    "read every profile, the priorities and the page about the data",
    "download the table of a profile, an indicator or the priorities",
    "read the rankings that decisions rested on",
)
_FREEZE: Final = "freeze a ranking with its reasons, as the record that a decision rested on"
WHAT_A_ROLE_MAY_DO: Final = {
    Role.ANALYST: (*_EVERYBODY, "download the whole tables of the release", _FREEZE),
    Role.STEWARD: (
        *_EVERYBODY,
        "download the whole tables of the release",
        "check that the release is as it was written, file by file",
        "approve or return what somebody else built",
        "send files of published figures, for the next build",
    ),
    Role.LEAD: (*_EVERYBODY, _FREEZE),
    Role.CHAMPION: _EVERYBODY,
    Role.FRONTLINE: _EVERYBODY,
    Role.BOARD: _EVERYBODY,
}

MAY_DOWNLOAD_TABLES: Final = frozenset({Role.ANALYST, Role.STEWARD})
MAY_VERIFY_RELEASES: Final = frozenset({Role.STEWARD})
MAY_DECIDE: Final = frozenset({Role.STEWARD})
MAY_UPLOAD: Final = frozenset({Role.STEWARD})
MAY_FREEZE: Final = frozenset({Role.ANALYST, Role.LEAD})
