"""``evenground fetch``, as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.sources.fetch import KNOWN_SERVICES
from tests.unit.cli.conftest import evenground as evenground
from tests.unit.fetch.conftest import Reply
from tests.unit.fetch.test_fingertips import SMOKING
from tests.unit.fetch.test_pages import SERVICE, nomis_page, portal


@pytest.fixture
def place(tmp_path) -> Path:
    (tmp_path / "place.toml").write_text("")
    return tmp_path


def test_the_end_says_what_came_where_and_what_to_write(evenground, publisher, place):
    publisher.queue = [Reply(SMOKING)]
    command = (
        "fetch",
        "fingertips",
        "--indicator",
        91547,
        "--area-type",
        502,
        "-w",
        place,
        "--from",
        publisher.url,
    )
    done = evenground(*command)
    assert done.returncode == 0, done.stderr
    assert f"91547_502.csv: 2 rows, {len(SMOKING)} bytes, fetched." in done.stdout
    assert 'path = "data/fingertips/*.csv"' in done.stdout
    again = evenground(*command)
    assert "as it was when fetched on" in again.stdout
    assert "--again" in again.stdout


def test_a_look_up_and_a_table_go_to_folders_of_their_own(evenground, publisher, place):
    publisher.answer = portal
    done = evenground("fetch", "ons", SERVICE, "-w", place, "--from", publisher.url)
    assert done.returncode == 0, done.stderr
    assert f'lsoa_lookup = "data/ons/{SERVICE}.csv"' in done.stdout
    publisher.answer = nomis_page
    done = evenground(
        *("fetch", "nomis", "NM_2041_1", "--geography", "TYPE151", "--set", "measures=20100"),
        *("-w", place, "--from", publisher.url),
    )
    assert done.returncode == 0, done.stderr
    assert (place / "data/nomis/NM_2041_1.csv").is_file()


def test_the_help_names_the_services_that_a_place_needs(evenground):
    told = "".join(evenground("fetch", "ons", "--help").stdout.split())
    assert [service for service in KNOWN_SERVICES if service not in told] == []


def test_a_folder_that_is_no_workspace_and_a_choice_that_is_no_pair_are_told(evenground, tmp_path, place):
    done = evenground("fetch", "ons", SERVICE, "-w", tmp_path / "nowhere")
    assert done.returncode == 3
    assert "--out" in done.stderr
    done = evenground(
        "fetch", "nomis", "NM_1_1", "--geography", "E92000001", "--set", "measures", "-w", place
    )
    assert done.returncode == 5
    assert "is not a pair" in done.stderr
