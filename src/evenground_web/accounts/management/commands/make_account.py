"""``python -m evenground_web manage make_account NAME --role analyst``."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account


class Command(BaseCommand):
    """Make an account and print its first password, once."""

    help = "Make an account. Its first password is printed once and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The log-in name, the name shown, and the role."""
        parser.add_argument("username")
        parser.add_argument("--name", help="the name shown on the site; else the log-in name")
        parser.add_argument("--role", choices=Role.values, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, or say what is wrong."""
        password = secrets.token_urlsafe(12)
        name = options["name"] or options["username"]
        role = Role(options["role"])
        try:
            create_account(username=options["username"], display_name=name, role=role, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{options['username']} may log in as {role.label}. First password: {password}")
