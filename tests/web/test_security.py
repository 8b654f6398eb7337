"""Headers, cookies, keys, and the wall between the site and person-level data."""

from __future__ import annotations

import base64
import hashlib
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import Release, current_release
from evenground_web.accounts.roles import Role
from evenground_web.config.secrets import load_secret_key
from tests.support.release_factory import write_sample_release

PAGES = ["/", "/profiles/", "/priorities/", "/account/log-in/", "/nowhere/", "/robots.txt"]


def directives(header: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in header.split(";") if part.strip()}


@pytest.mark.parametrize("address", PAGES)
def test_the_policy_of_a_page_lets_nothing_in_from_outside(client: Client, address: str) -> None:
    policy = directives(client.get(address)["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    everything = {source for sources in policy.values() for source in sources}
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & everything
    assert all(source.startswith(("'", "data:")) for source in everything)


@pytest.mark.parametrize("address", PAGES[:-1])
def test_the_only_inline_script_is_the_one_that_the_policy_names(client: Client, address: str) -> None:
    response = client.get(address)
    (script,) = re.findall(r"<script>(.*?)</script>", response.content.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    named = directives(response["Content-Security-Policy"])["script-src"]
    assert named == ["'self'", f"'sha256-{digest}'"]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_may_not_be_framed_sniffed_or_told_to_others(client: Client, address: str) -> None:
    response = client.get(address)
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_cookies_stay_away_from_scripts(client: Client) -> None:
    client.get("/account/log-in/")
    cookie = client.cookies["csrftoken"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("variable", "expected"), [({}, "True"), ({"EVENGROUND_INSECURE_COOKIES": "1"}, "False")]
)
def test_cookies_need_https_unless_told_otherwise(variable: dict[str, str], expected: str) -> None:
    code = (
        "from evenground_web.config import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.DEBUG)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=variable, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [expected, expected, "False"]


def test_an_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    database = str(tmp_path / "new" / "site.sqlite3")
    key = load_secret_key(database)
    file = Path(f"{database}.key")
    assert len(key) > 50
    assert load_secret_key(database) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_without_a_database_there_is_no_key_on_disk() -> None:
    assert load_secret_key("") != load_secret_key("")


def test_the_site_loads_nothing_that_can_read_person_level_data() -> None:
    code = (
        "import sys, django; django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "bad = [m for m in sys.modules if m.startswith(('evenground.engine', 'evenground.sources',"
        " 'evenground.pipeline', 'evenground.cli', 'duckdb', 'pyspark'))]; print(bad)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "evenground_web.config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_page_holds_a_column_or_number_of_a_person(client: Client, release: Release) -> None:
    pages = ["/", "/profiles/core20plus5_adults/", "/priorities/", "/about-the-data/"]
    for address in pages:
        page = client.get(address).content.decode()
        assert not re.search(r"person_id|nhs_number|birth_date", page)
        assert not re.search(r"\b\d{3} ?\d{3} ?\d{4}\b", re.sub(r"[0-9a-f]{64}", "", page))


def test_the_steward_sees_that_a_release_is_whole(
    client_of: Callable[[Role | None], Client], release: Release
) -> None:
    page = client_of(Role.STEWARD).get("/about-the-data/check/").content.decode()
    assert f"all {len(release.manifest.files)} files are as they were written" in " ".join(page.split())


def test_the_steward_sees_which_file_was_altered(
    client_of: Callable[[Role | None], Client], site: Settings, tmp_path: Path
) -> None:
    write_sample_release(tmp_path)
    site.EVENGROUND_RELEASES = tmp_path
    client = client_of(Role.STEWARD)
    client.get("/about-the-data/")
    coverage = current_release(tmp_path).path / "coverage.json"
    coverage.write_text(coverage.read_text().replace("19870", "19875"))
    page = client.get("/about-the-data/check/").content.decode()
    assert "The release is not as it was written" in page
    assert "coverage.json was altered" in page
