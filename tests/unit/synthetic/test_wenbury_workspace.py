from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from evenground.sources.extract import ExtractOptions
from evenground.sources.options import read_options
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import load_workspace


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wenbury_workspace(tmp_path_factory.mktemp("wenbury"), size=300)


def changed_at(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / "data").iterdir()}


@pytest.mark.parametrize(
    ("size", "attack"), [(300, "sums"), (19_999, "sums"), (20_000, "programs"), (None, "programs")]
)
def test_a_wenbury_of_few_people_attacks_its_releases_by_sums_alone(size, attack):
    from evenground.sources.synthetic.wenbury_workspace import _place_toml

    assert tomllib.loads(_place_toml({}, size))["disclosure"].get("attack", "programs") == attack


def test_the_workspace_loads_and_says_that_it_is_synthetic(root: Path) -> None:
    place = load_workspace(root).place
    assert place.place.name == "Wenbury"
    assert place.place.synthetic
    assert place.areas.imd_edition == "2025"


def test_every_file_that_place_toml_names_is_there(root: Path) -> None:
    place = load_workspace(root).place
    options = read_options(place.sources[0], ExtractOptions)
    assert options.persons
    named = [place.areas.file, place.areas.practices, place.areas.boundaries, options.persons.path]
    named += [events.path for events in options.events]
    assert all(name and (root / name).is_file() for name in named)


def test_local_codes_are_read_as_local(root: Path) -> None:
    options = read_options(load_workspace(root).place.sources[0], ExtractOptions)
    systems = {events.path: events.code_system or options.code_system for events in options.events}
    assert systems == {"data/events.parquet": "snomed_ct", "data/events_local.parquet": "local"}


def test_a_second_run_leaves_the_data_alone(root: Path) -> None:
    before = changed_at(root)
    make_wenbury_workspace(root, size=300)
    assert changed_at(root) == before


def test_another_size_makes_the_data_again(root: Path, tmp_path: Path) -> None:
    make_wenbury_workspace(tmp_path, size=100)
    small = (tmp_path / "data" / "persons.parquet").read_bytes()
    make_wenbury_workspace(tmp_path, size=300)
    assert (tmp_path / "data" / "persons.parquet").read_bytes() != small
    assert (tmp_path / "data" / "persons.parquet").read_bytes() == (
        root / "data" / "persons.parquet"
    ).read_bytes()


def test_a_run_cut_short_is_made_good(tmp_path: Path) -> None:
    make_wenbury_workspace(tmp_path, size=100)
    (tmp_path / "data" / "truth.csv").unlink()
    make_wenbury_workspace(tmp_path, size=100)
    assert (tmp_path / "data" / "truth.csv").is_file()


def test_releases_are_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "releases" / "current"
    kept.parent.mkdir()
    kept.write_text("an earlier release", encoding="utf-8")
    make_wenbury_workspace(tmp_path, size=100)
    assert kept.read_text(encoding="utf-8") == "an earlier release"


def test_no_unfinished_file_stays_behind(root: Path) -> None:
    assert not list(root.rglob("*.tmp"))
