"""Log in, log out, your account, your password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evenground.audit_log import Event
from evenground_web.accounts import reads, writes
from evenground_web.accounts.forms import LogInForm, PasswordForm, list_faults
from evenground_web.accounts.guards import require_account, require_role
from evenground_web.common.site_log import note_event


class LogIn(LoginView):
    """The log-in page."""

    form_class = LogInForm
    template_name = "accounts/log_in.jinja"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Notes who logged in."""
        response = super().form_valid(form)
        note_event(Event.LOGGED_IN, by=require_account(self.request).username)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Notes that somebody could not; what they typed may be a password, and is not noted."""
        note_event(Event.LOG_IN_FAILED, by="somebody")
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the faults of the form for the summary."""
        context = super().get_context_data(**kwargs)
        return context | {"faults": list_faults(context["form"])}


class LogOut(LogoutView):
    """Log out, by POST only."""


@require_role()
def show_account(request: HttpRequest) -> HttpResponse:
    """Your account: who you are here and what you may do."""
    return render(
        request, "accounts/account.jinja", {"may_do": reads.what_it_may_do(require_account(request))}
    )


@require_role()
def change_password(request: HttpRequest) -> HttpResponse:
    """Change your own password."""
    account = require_account(request)
    form = PasswordForm(account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        writes.set_password(account=account, password=form.cleaned_data["new_password1"])
        update_session_auth_hash(request, account)
        messages.success(request, "Your password is changed.")
        return redirect("accounts:account")
    return render(request, "accounts/password.jinja", {"form": form, "faults": list_faults(form)})


def show_lock_out(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """Too many wrong passwords in a row."""
    return render(request, "accounts/lock_out.jinja", status=429)
