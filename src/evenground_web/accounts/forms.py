"""What people type to log in and to change a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms


class LogInForm(auth_forms.AuthenticationForm):
    """Log-in name and password."""

    error_messages = {  # noqa: RUF012  (Django's own name and type)
        "invalid_login": "The log-in name or the password is not right. Check both and try again.",
        "inactive": "This account is closed. Ask whoever looks after this site.",
    }


class PasswordForm(auth_forms.PasswordChangeForm):
    """The old password, and a new one twice."""

    error_messages = {  # noqa: RUF012  (Django's own name and type)
        "password_mismatch": "The two new passwords are not the same.",
        "password_incorrect": "The old password is not right.",
    }


def list_faults(form: forms.BaseForm) -> list[dict[str, Any]]:
    """Every fault of a form, each with the field it points to, for the summary at the top of the page."""
    faults = []
    for name, errors in form.errors.items():
        field = name if name in form.fields else next(iter(form.fields))
        faults += [{"text": str(error), "href": f"#id_{field}"} for error in errors]
    return faults
