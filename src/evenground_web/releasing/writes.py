"""A steward's decision, put into effect and into the site's log."""

from __future__ import annotations

from pathlib import Path

from evenground import gate
from evenground.audit_log import Event
from evenground_web.accounts.models import Account
from evenground_web.common.site_log import note_event


def approve_candidate(*, folder: Path, release_id: str, account: Account, reason: str, seen: int) -> None:
    """Let the site show a candidate.

    Raises
    ------
    ApprovalError, ReleaseError
        Where the account built it, somebody else decided meanwhile, or it is not as it was built.
    """
    gate.approve(folder, release_id, by=account.username, reason=reason, seen=seen)
    note_event(Event.APPROVED, by=account.username, facts={"release": release_id})


def return_candidate(*, folder: Path, release_id: str, account: Account, reason: str, seen: int) -> None:
    """Return a candidate with a reason.

    Raises
    ------
    ApprovalError, ReleaseError
        Where somebody else decided meanwhile, or it is not as it was built.
    """
    gate.send_back(folder, release_id, by=account.username, reason=reason, seen=seen)
    note_event(Event.RETURNED, by=account.username, facts={"release": release_id})
