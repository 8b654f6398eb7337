"""What an account may do, in words."""

from __future__ import annotations

from evenground_web.accounts.models import Account
from evenground_web.accounts.roles import WHAT_A_ROLE_MAY_DO, Role


def what_it_may_do(account: Account) -> tuple[str, ...]:
    """Each thing that the account's role may do on this site today."""
    return WHAT_A_ROLE_MAY_DO[Role(account.role)]
