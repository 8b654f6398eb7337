"""Records prepared once: what a bucket holds, when a build refuses them, and that nothing is half there."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.pipeline import build_release, prepare_records
from evenground.releases import current_release
from evenground.sources import prepared as store
from evenground.sources.prepared import find_prepared, write_buckets
from evenground.workspace import Workspace, load_workspace
from tests.spec.specification import EVENT_TYPES, PERSON_TYPES, event, person

AREAS = pl.DataFrame(
    {
        "lsoa_code": [f"E{number}" for number in range(6)],
        "msoa_code": ["M2", "M2", "M1", "M1", "M3", "M3"],
        "ltla_code": ["L1", "L1", "L1", "L1", "L0", "L0"],
    }
)


def write_records(folder: Path, homes: list[str]) -> tuple[Path, Path]:
    """A person for each home and two events of each, in no order."""
    people = [person(number, lsoa_code=home) for number, home in enumerate(homes)]
    events = [
        event("CHECK-1", dt.date(2025, month, 1), person_id=number)
        for month in (3, 2)
        for number in range(len(homes))
    ]
    paths = folder / "persons.parquet", folder / "events.parquet"
    pl.DataFrame(people, schema=PERSON_TYPES).write_parquet(paths[0])
    pl.DataFrame(events, schema=EVENT_TYPES).sample(fraction=1, shuffle=True, seed=1).write_parquet(paths[1])
    return paths


def buckets_of(folder: Path, table: str) -> list[pl.DataFrame]:
    return [pl.read_parquet(path) for path in sorted((folder / table).iterdir())]


def test_a_bucket_is_a_piece_of_the_map_and_unknown_areas_have_their_own(tmp_path: Path) -> None:
    records = write_records(tmp_path, ["E0", "E1", "E2", "E3", "E4", "E5", "unknown", "W9"])
    people, events = write_buckets(*records, AREAS, tmp_path / "made", buckets=3)
    homes = [frame["lsoa_code"].to_list() for frame in buckets_of(tmp_path / "made", "persons")]
    assert homes == [["E4", "E5"], ["E2", "E3"], ["E0", "E1"], ["unknown", "W9"]]
    assert (people, events) == ((2, 2, 2, 2), (4, 4, 4, 4))


def test_buckets_hold_about_as_many_people_each_however_they_are_spread(tmp_path: Path) -> None:
    homes = ["E0"] * 40 + ["E1"] * 10 + ["E2"] * 10 + ["E3"] * 10 + ["E4"] * 10 + ["E5"] * 10
    people, _ = write_buckets(*write_records(tmp_path, homes), AREAS, tmp_path / "made", buckets=2)
    assert people == (40, 50, 0)


def test_events_are_with_their_people_and_in_their_order(tmp_path: Path) -> None:
    records = write_records(tmp_path, ["E0", "E5", "E3", "E0", "unknown"])
    write_buckets(*records, AREAS, tmp_path / "made", buckets=2)
    pairs = zip(*(buckets_of(tmp_path / "made", table) for table in ("persons", "events")), strict=True)
    for persons, events in pairs:
        assert set(events["person_id"]) == set(persons["person_id"])
        assert events.rows() == sorted(events.rows(), key=lambda row: (row[0], row[3]))
        assert persons["person_id"].is_sorted()


def test_the_same_records_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for order in (1, 2):
        folder = tmp_path / str(order)
        folder.mkdir()
        persons, events = write_records(folder, [f"E{number % 6}" for number in range(300)])
        for path in (persons, events):
            pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=order).write_parquet(path)
        write_buckets(persons, events, AREAS, folder / "made", buckets=3)
        files = sorted((folder / "made").rglob("*.parquet"))
        written.append({file.relative_to(folder): file.read_bytes() for file in files})
    assert written[0] == written[1]


def test_no_more_buckets_are_made_than_there_are_areas(tmp_path: Path) -> None:
    people, _ = write_buckets(*write_records(tmp_path, ["E0"]), AREAS, tmp_path / "made", buckets=50)
    assert len(people) == 7


def test_too_little_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    records = write_records(tmp_path, ["E0"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000))
    with pytest.raises(SourceError, match=r"need about .* GB of free disk, and 0\.0 GB is free") as told:
        write_buckets(*records, AREAS, tmp_path / "made")
    assert not (tmp_path / "made").exists()
    assert told.value.exit_code == 5


def test_memory_that_does_not_do_is_told_without_the_words_of_the_database(tmp_path: Path) -> None:
    records = write_records(tmp_path, [f"E{number % 6}" for number in range(1000)])
    with pytest.raises(SourceError, match="with 1MB of memory") as told:
        write_buckets(*records, AREAS, tmp_path / "made", memory_limit="1MB")
    assert told.value.__suppress_context__


@pytest.fixture(scope="module")
def prepared_template(wenbury_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wenbury in small, built and then prepared; never written to by a test."""
    root = tmp_path_factory.mktemp("prepared") / "wenbury"
    shutil.copytree(wenbury_template, root)
    prepare_records(load_workspace(root), buckets=3)
    return root


@pytest.fixture
def prepared(prepared_template: Path, tmp_path: Path) -> Workspace:
    """A prepared workspace, a test's own to change."""
    shutil.copytree(prepared_template, tmp_path / "wenbury")
    return load_workspace(tmp_path / "wenbury")


def test_a_build_of_prepared_records_gives_the_same_release(prepared: Workspace) -> None:
    before = current_release(prepared.releases)
    told: list[str] = []
    release, report = build_release(prepared, on_stage=told.append)
    assert report.is_prepared
    assert report.unchanged
    assert release.id == before.id
    assert "Using the prepared records (4 buckets)" in told
    assert not any(line.startswith("Reading events") for line in told)


def test_cleared_records_are_gone(prepared: Workspace) -> None:
    assert store.clear_prepared(prepared.secure)
    assert find_prepared(prepared.secure) is None
    assert list(prepared.secure.glob("[bp]*")) == []
    assert not store.clear_prepared(prepared.secure)


def test_what_is_prepared_is_for_its_owner_alone(prepared: Workspace) -> None:
    made = prepared.secure / store.FOLDER
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [made, *made.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})
    assert sorted(path.name for path in made.iterdir()) == ["events", "manifest.json", "persons"]


def test_the_manifest_keeps_what_reading_the_sources_gave(prepared: Workspace) -> None:
    found = find_prepared(prepared.secure)
    assert found is not None
    persons = next(table for table in found.reports[0].tables if table.table == "persons")
    assert persons.kept == sum(found.people)
    assert persons.read == persons.kept + sum(persons.dropped.values())


def change_date(workspace: Workspace) -> str:
    text = (workspace.root / "place.toml").read_text()
    (workspace.root / "place.toml").write_text(text.replace("as_at = 2026-03-31", "as_at = 2026-03-30"))
    return "place.toml, place.as_at: has changed"


def change_source(workspace: Workspace) -> str:
    path = workspace.root / "data/events_local.parquet"
    pl.read_parquet(path).head(-1).write_parquet(path)
    return "data/events_local.parquet, of GP records: has changed"


def change_areas(workspace: Workspace) -> str:
    path = workspace.root / "data/areas.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    return "place.toml, areas: has changed"


def change_code(workspace: Workspace) -> str:
    path = workspace.secure / store.FOLDER / store.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"code_version": "0.0.1"}))
    return "code version: has changed"


@pytest.mark.parametrize("change", [change_date, change_source, change_areas, change_code])
def test_a_build_refuses_prepared_records_that_something_has_overtaken(prepared, change) -> None:
    what = change(prepared)
    with pytest.raises(SourceError, match="out of date") as told:
        build_release(load_workspace(prepared.root))
    assert [str(fault).partition(" since")[0] for fault in told.value.faults] == [what]
    assert "evenground data clear" in str(told.value)
    assert [path.name for path in prepared.secure.glob("build-*")] == []


def test_a_file_of_a_bucket_that_is_gone_is_named(prepared: Workspace) -> None:
    (prepared.secure / "prepared/events/bucket-001.parquet").unlink()
    with pytest.raises(SourceError, match=r"events/bucket-001\.parquet: is not there"):
        build_release(prepared)


def test_records_without_a_manifest_are_not_used(prepared: Workspace) -> None:
    (prepared.secure / "prepared/manifest.json").unlink()
    with pytest.raises(SourceError, match=r"manifest\.json: cannot be read"):
        build_release(prepared)


def test_preparing_that_stops_leaves_what_was_there(prepared: Workspace) -> None:
    before = {path: path.read_bytes() for path in (prepared.secure / "prepared").rglob("*.*")}

    def stop(what: str) -> None:
        if what.startswith("Writing events, bucket 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_records(prepared, buckets=2, on_stage=stop)
    assert {path: path.read_bytes() for path in (prepared.secure / "prepared").rglob("*.*")} == before
    assert [path.name for path in prepared.secure.glob("build-*")] == []


def test_preparing_again_replaces_what_was_there(prepared: Workspace) -> None:
    assert prepare_records(prepared, buckets=2).buckets == 3
    assert len(list((prepared.secure / "prepared/persons").iterdir())) == 3
