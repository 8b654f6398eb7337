"""Every change to an account."""

from __future__ import annotations

from django.db import transaction

from evenground_web.accounts.models import Account
from evenground_web.accounts.roles import Role


@transaction.atomic
def create_account(*, username: str, display_name: str, role: Role, password: str) -> Account:
    """A new account that may log in.

    Raises
    ------
    django.core.exceptions.ValidationError
        Where the log-in name is taken or not plain letters, digits and ``.@+-_``, or the role is unknown.
    """
    account = Account(username=username, display_name=display_name, role=role)
    account.set_password(password)
    account.full_clean()
    account.save()
    return account


@transaction.atomic
def set_password(*, account: Account, password: str) -> Account:
    """Replace the password; whoever checked the old one is the form."""
    account.set_password(password)
    account.save(update_fields=["password"])
    return account


@transaction.atomic
def replace_account(*, username: str, display_name: str, role: Role, password: str) -> Account:
    """An account under this name with this role and password, whatever was there before."""
    Account.objects.filter(username__iexact=username).delete()
    return create_account(username=username, display_name=display_name, role=role, password=password)
