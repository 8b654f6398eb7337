"""Who may pass. The first line of a view that is not for everybody."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from evenground_web.accounts.models import Account
from evenground_web.accounts.roles import Role

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponse]


def require_role(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Let an account with one of the roles pass; ask the rest to log in, or say that they may not.

    Without any roles, every account passes.
    """

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("accounts:log_in"))
            if roles and not has_role(request, roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard


def require_account(request: HttpRequest) -> Account:
    """Whoever has logged in.

    Raises
    ------
    PermissionDenied
        Where nobody has.
    """
    if not isinstance(request.user, Account):
        raise PermissionDenied
    return request.user


def has_role(request: HttpRequest, roles: Collection[Role]) -> bool:
    """Whether whoever asks has logged in with one of the roles."""
    return isinstance(request.user, Account) and request.user.role in roles
