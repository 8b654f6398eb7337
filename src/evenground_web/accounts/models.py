"""The account: a person who may log in. It holds no person-level health data and never will."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db import models
from django.db.models.functions import Lower

from evenground_web.accounts.roles import Role


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts; ``writes`` makes them."""

    def get_by_natural_key(self, username: str | None) -> Account:
        """By log-in name, whatever its case."""
        return self.get(username__iexact=username)


class Account(AbstractBaseUser):
    """One person's log-in, with exactly one role."""

    username = models.CharField(
        "log-in name",
        max_length=80,
        unique=True,
        validators=[ASCIIUsernameValidator()],
        error_messages={"unique": "There is an account with this log-in name already."},
    )
    display_name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AccountManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name", "role"]  # noqa: RUF012  (Django's own name and type)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="account_role_is_known"),
            models.UniqueConstraint(
                Lower("username"),
                name="account_username_any_case",
                violation_error_message="There is an account with this log-in name already.",
            ),
        )

    def __str__(self) -> str:
        return self.display_name
