"""Planted identifiers reach no page, export, log, release or file that a build leaves behind."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections import deque
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client

from evenground.pipeline import build_release
from evenground.workspace import Workspace, load_workspace
from evenground_web.accounts.roles import Role
from tests.support.linkage import make_register

PEOPLE = {"p00001": "9990000018", "p00002": "9990000026", "p00003": "quillfeather-7"}
"""Identifiers of three people: two of the range of NHS numbers kept for tests, and a name."""

PLANTED = (*PEOPLE.values(), "Quillfeather", "WB9 9QQ", "1911-11-11")
MOST_PAGES = 250
_LINK = re.compile(r'(?:href|src|action)="([^"#]+)"')


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Workspace, str]:
    """A town whose extract holds the identifiers, built; and all that the build said."""
    root = make_register(tmp_path_factory.mktemp("planted") / "town").root
    place = root / "place.toml"
    place.write_text(place.read_text().replace("as_at =", "synthetic = true\nas_at =", 1))
    for name in ("persons.csv", "events.csv"):
        path = root / "data" / "gp" / name
        text = path.read_text()
        for old, new in PEOPLE.items():
            text = re.sub(rf"\b{old}\b", new, text)
        path.write_text(text)
    people = root / "data" / "gp" / "persons.csv"
    head, *rows = people.read_text().splitlines()
    spoilt = dict(zip(head.split(","), rows[1].split(","), strict=True))
    spoilt |= {"forename": "Quillfeather", "surname": "Quillfeather", "postcode": "WB9 9QQ"}
    wrong = spoilt | {"person_id": "9990000018", "birth_date": "1911-11-11", "sex": "Quillfeather"}
    rows[1] = ",".join(spoilt.values())
    people.write_text("\n".join([head, *rows, ",".join(wrong.values())]) + "\n")
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        build_release(load_workspace(root), on_stage=lambda words: said.write(f"{words}\n"))
    logging.getLogger().removeHandler(handler)
    return load_workspace(root), said.getvalue()


def find(text: str) -> list[str]:
    return [planted for planted in PLANTED if planted.casefold() in text.casefold()]


def test_the_identifiers_are_in_what_was_read(built):
    workspace, _ = built
    assert find((workspace.root / "data/gp/persons.csv").read_text()) == list(PLANTED)


def test_no_message_names_them(built):
    assert len(built[1]) > 100
    assert find(built[1]) == []


def test_no_file_that_a_build_leaves_holds_them(built):
    workspace, _ = built
    paths = [
        path for part in (workspace.secure, workspace.releases) for path in part.rglob("*") if path.is_file()
    ]
    assert {"log.jsonl", "values.parquet"} <= {path.name for path in paths}
    for path in paths:
        assert find(path.read_bytes().decode("latin-1")) == [], path.name
        if path.suffix == ".parquet":
            assert find(_read_table(path)) == [], path.name


def _read_table(path: Path) -> str:
    import polars as pl

    return pl.read_parquet(path).write_csv()


def addresses_of(page: str, address: str) -> list[str]:
    """The addresses of the site that a page links to."""
    found = [urljoin(address, link.replace("&amp;", "&")) for link in _LINK.findall(page)]
    own = [link for link in found if not urlsplit(link).netloc and link.startswith("/")]
    return [link for link in own if not link.startswith(("/static/", "/account/log-out"))]


@pytest.mark.parametrize("role", [None, Role.ANALYST, Role.STEWARD])
def test_no_page_export_or_answer_of_the_api_holds_them(built, site, client_of, tmp_path, role):
    workspace, _ = built
    site.EVENGROUND_RELEASES = workspace.releases
    site.EVENGROUND_LOG = str(tmp_path / "site-log.jsonl")
    client: Client = client_of(role)
    schema = client.get("/api/v1/openapi.json").json()
    plain = [path for path in schema["paths"] if "{" not in path]
    seen, kinds = set(), set()
    queue = deque(["/", *plain, "/quillfeather-7/", "/profiles/?area=9990000018"])
    while queue and len(seen) < MOST_PAGES:
        address = queue.popleft()
        shape = re.sub(r"=[^&]*", "=", address)
        if address in seen or (shape != address and shape in kinds):
            continue
        seen.add(address)
        kinds.add(shape)
        answer = client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = content.decode("utf-8", errors="replace")
        typed = find(address)
        assert [planted for planted in find(text) if planted not in typed] == [], address
        if "html" in answer.headers.get("Content-Type", ""):
            queue.extend(addresses_of(text, address))
    assert len(seen) > 20
    assert any(".csv" in address for address in seen)
    log = Path(site.EVENGROUND_LOG)
    assert find(log.read_text() if log.exists() else "") == []
