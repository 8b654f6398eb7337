"""Log in, log out, what each role may do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from evenground_web.accounts.models import Account
from evenground_web.accounts.roles import WHAT_A_ROLE_MAY_DO, Role
from evenground_web.accounts.writes import create_account, replace_account
from tests.web.conftest import PASSWORD

ClientOf = Callable[[Role | None], Client]
AccountOf = Callable[[Role], Account]
GUARDED = {
    "/account/": frozenset(Role),
    "/account/password/": frozenset(Role),
    "/about-the-data/check/": frozenset({Role.STEWARD}),
    "/about-the-data/tables/values.csv": frozenset({Role.ANALYST, Role.STEWARD}),
    "/about-the-data/tables/rankings.csv": frozenset({Role.ANALYST, Role.STEWARD}),
}


@pytest.mark.parametrize("role", [*Role, None], ids=[*Role.values, "nobody"])
@pytest.mark.parametrize("address", GUARDED)
def test_a_guarded_page_opens_for_its_roles_only(
    client_of: ClientOf, address: str, role: Role | None
) -> None:
    response = client_of(role).get(address)
    if role is None:
        assert response.status_code == 302
        assert response["Location"] == f"/account/log-in/?next={address}"
    else:
        assert response.status_code == (200 if role in GUARDED[address] else 403)


@pytest.mark.parametrize("role", [*Role, None], ids=[*Role.values, "nobody"])
def test_the_page_about_the_data_offers_only_what_the_role_may_do(
    client_of: ClientOf, role: Role | None
) -> None:
    page = client_of(role).get("/about-the-data/").content.decode()
    assert ("/about-the-data/check/" in page) == (role is Role.STEWARD)
    assert ("/about-the-data/tables/values.csv" in page) == (role in (Role.ANALYST, Role.STEWARD))


def test_logging_in_leads_to_your_account_and_out_again(client: Client, account_of: AccountOf) -> None:
    account_of(Role.LEAD)
    response = client.post("/account/log-in/", {"username": "lead", "password": PASSWORD}, follow=True)
    page = response.content.decode()
    assert response.redirect_chain == [("/account/", 302)]
    assert "Prevention lead" in page
    assert all(words in page for words in WHAT_A_ROLE_MAY_DO[Role.LEAD])
    client.post("/account/log-out/")
    assert client.get("/account/").status_code == 302


def test_nobody_is_logged_out_by_a_link(client_of: ClientOf) -> None:
    client = client_of(Role.BOARD)
    assert client.get("/account/log-out/").status_code == 405
    assert client.get("/account/").status_code == 200


def test_a_log_in_returns_to_the_page_that_asked_for_it_but_not_to_another_site(
    client: Client, account_of: AccountOf
) -> None:
    account_of(Role.STEWARD)
    known = {"username": "steward", "password": PASSWORD}
    inside = client.post("/account/log-in/", known | {"next": "/about-the-data/check/"})
    assert inside["Location"] == "/about-the-data/check/"
    client.post("/account/log-out/")
    outside = client.post("/account/log-in/", known | {"next": "https://elsewhere.example/"})
    assert outside["Location"] == "/account/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    client: Client, account_of: AccountOf
) -> None:
    account_of(Role.ANALYST)
    wrong = client.post("/account/log-in/", {"username": "analyst", "password": "wrong"}).content.decode()
    unknown = client.post("/account/log-in/", {"username": "nobody", "password": "wrong"}).content.decode()
    said = "The log-in name or the password is not right."
    assert said in wrong
    assert said in unknown
    assert "There is a problem" in wrong
    assert "wrong" not in wrong.replace("wrong five times", "")


def test_five_wrong_passwords_lock_the_account_with_a_page_that_explains(
    client: Client, account_of: AccountOf
) -> None:
    account_of(Role.CHAMPION)
    guess = {"username": "champion", "password": "a guess"}
    answers = [client.post("/account/log-in/", guess).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    right = client.post("/account/log-in/", {"username": "champion", "password": PASSWORD})
    assert right.status_code == 429
    assert "Too many tries" in right.content.decode()


def test_a_closed_account_cannot_log_in(client: Client, account_of: AccountOf) -> None:
    account = account_of(Role.LEAD)
    account.is_active = False
    account.save()
    response = client.post("/account/log-in/", {"username": "lead", "password": PASSWORD})
    assert response.status_code == 200
    assert client.get("/account/").status_code == 302


def test_changing_the_password_keeps_you_in_and_the_old_one_out(
    client: Client, account_of: AccountOf
) -> None:
    account_of(Role.FRONTLINE)
    client.post("/account/log-in/", {"username": "frontline", "password": PASSWORD})
    new = "copper river window"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    page = client.post("/account/password/", form, follow=True).content.decode()
    assert "Your password is changed." in page
    client.post("/account/log-out/")
    old = client.post("/account/log-in/", {"username": "frontline", "password": PASSWORD})
    assert old.status_code == 200
    assert client.post("/account/log-in/", {"username": "frontline", "password": new}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old_password": "not it"}, "The old password is not right."),
        ({"new_password2": "another one altogether"}, "The two new passwords are not the same."),
        ({"new_password1": "short", "new_password2": "short"}, "at least 12 characters"),
        ({"new_password1": "1" * 14, "new_password2": "1" * 14}, "entirely numeric"),
        ({"new_password1": "", "new_password2": ""}, "This field is required."),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(
    client_of: ClientOf, changes: dict[str, str], said: str
) -> None:
    form = {"old_password": PASSWORD, "new_password1": "copper river window"}
    form |= {"new_password2": form["new_password1"]} | changes
    page = client_of(Role.LEAD).post("/account/password/", form).content.decode()
    assert said in page
    assert "There is a problem" in page


def test_a_form_without_its_token_is_refused_with_a_page_that_explains(account_of: AccountOf) -> None:
    account_of(Role.LEAD)
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/account/log-in/", {"username": "lead", "password": PASSWORD})
    assert response.status_code == 403
    assert "Please try again" in response.content.decode()


def test_log_in_names_do_not_mind_case(client: Client, account_of: AccountOf) -> None:
    account_of(Role.LEAD)
    assert client.post("/account/log-in/", {"username": "LEAD", "password": PASSWORD}).status_code == 302
    with pytest.raises(ValidationError, match="already"):
        create_account(username="Lead", display_name="Another", role=Role.LEAD, password=PASSWORD)


def test_the_database_refuses_a_role_that_is_none_of_the_six() -> None:
    with transaction.atomic(), pytest.raises(IntegrityError):
        Account.objects.create(username="x", display_name="x", role="superuser")


def test_an_account_that_is_replaced_keeps_its_name_and_nothing_else(
    client: Client, account_of: AccountOf
) -> None:
    account_of(Role.LEAD)
    replace_account(username="lead", display_name="New", role=Role.BOARD, password=PASSWORD[::-1])
    account = Account.objects.get(username="lead")
    assert (account.role, account.display_name) == (Role.BOARD, "New")
    assert client.post("/account/log-in/", {"username": "lead", "password": PASSWORD}).status_code == 200


def test_the_command_makes_an_account_and_tells_its_password_once(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("make_account", "ayesha", "--role", "analyst")
    password = capsys.readouterr().out.split()[-1]
    assert client.post("/account/log-in/", {"username": "ayesha", "password": password}).status_code == 302
    with pytest.raises(CommandError, match="already"):
        call_command("make_account", "Ayesha", "--role", "analyst")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("make_account", "other", "--role", "king")


def test_six_roles_each_say_what_they_may_do() -> None:
    assert set(WHAT_A_ROLE_MAY_DO) == set(Role)
    assert len(Role) == 6
