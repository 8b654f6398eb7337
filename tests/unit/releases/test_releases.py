"""The hinge: a release is written whole, never altered unseen, and the same for the same content."""

from __future__ import annotations

import dataclasses
import json

import polars as pl
import pytest

from evenground.errors import ReleaseError
from evenground.releases import (
    TABLES,
    CoverageRow,
    IndicatorInfo,
    Profile,
    ProfileSection,
    ReleaseContent,
    SourceRecord,
    current_release,
    list_releases,
    list_unreadable,
    load_release,
    set_current,
    verify_release,
    write_release,
)


def empty_tables() -> dict[str, pl.DataFrame]:
    return {name: pl.from_arrow(schema.empty_table()) for name, schema in TABLES.items()}


@pytest.fixture
def content() -> ReleaseContent:
    tables = empty_tables()
    tables["areas"] = pl.DataFrame(
        {
            "area_type": ["place"],
            "area_code": ["X1"],
            "area_name": ["Somewhere"],
            "parent_area_code": [None],
            "imd_rank": [None],
            "imd_decile": [None],
            "imd_quintile": [None],
            "local_quintile": [None],
            "ward_code": [None],
            "ltla_code": [None],
            "icb_code": [None],
            "population": [100],
            "population_note": ["published"],
        }
    )
    indicator = IndicatorInfo(
        id="flu",
        name="Flu vaccination",
        short_name="Flu",
        topic="Vaccination",
        description="",
        numerator="",
        denominator="",
        polarity="higher_is_better",
        value_type="proportion",
        unit="%",
        multiplier=100,
        is_service=True,
        core20plus5=(),
        target=None,
        source="",
        author="",
        checker="",
        review_date="2027-01-01",
    )
    section = ProfileSection(name="Flu", words="", indicators=("flu",))
    return ReleaseContent(
        place_code="X1",
        place_name="Somewhere",
        synthetic=True,
        as_at="2026-03-31",
        population_base="registered",
        lsoa_edition="2021",
        imd_edition="2025",
        policy="nhs-7-5 (version 1.0)",
        policy_words=("Small counts are hidden.",),
        code_version="0.1.0",
        definitions_sha256="0" * 64,
        sources=(SourceRecord(name="GP", kind="extract", sha256={"a.csv": "1" * 64}),),
        tables=tables,
        indicators=(indicator,),
        profiles=(Profile(id="p", name="P", description="", sections=(section,)),),
        coverage=(
            CoverageRow(
                source="GP", table="persons", what="read", reason="", count=100, value_note="published"
            ),
        ),
    )


def test_what_was_written_is_what_is_read(tmp_path, content):
    release = load_release(write_release(tmp_path, content).path)
    assert release.table("areas")["area_name"].to_list() == ["Somewhere"]
    assert release.area_names == {("place", "X1"): "Somewhere"}
    assert list(release.indicators) == ["flu"]
    assert release.profiles["p"].sections[0].indicators == ("flu",)
    assert release.coverage == content.coverage
    assert release.manifest.place_name == "Somewhere"


def test_the_same_content_gives_the_same_bytes(tmp_path, content):
    one = write_release(tmp_path / "one", content)
    two = write_release(tmp_path / "two", content)
    assert one.id == two.id
    assert {f.name: f.read_bytes() for f in one.path.iterdir()} == {
        f.name: f.read_bytes() for f in two.path.iterdir()
    }


def test_different_content_gives_a_different_id(tmp_path, content):
    other = dataclasses.replace(content, place_name="Elsewhere")
    assert write_release(tmp_path, content).id != write_release(tmp_path, other).id
    assert len(list_releases(tmp_path)) == 2


def test_writing_a_release_again_leaves_the_one_that_is_there(tmp_path, content):
    first = write_release(tmp_path, content)
    before = (first.path / "manifest.json").stat().st_mtime_ns
    assert write_release(tmp_path, content).id == first.id
    assert (first.path / "manifest.json").stat().st_mtime_ns == before


def test_a_table_of_the_wrong_shape_leaves_nothing_behind(tmp_path, content):
    tables = {**content.tables, "areas": content.tables["areas"].drop("population")}
    with pytest.raises(ReleaseError, match="areas of a release has the wrong columns: population"):
        write_release(tmp_path, dataclasses.replace(content, tables=tables))
    assert list(tmp_path.iterdir()) == []


def test_a_new_release_is_not_current_until_it_is_made_so(tmp_path, content):
    release = write_release(tmp_path, content)
    with pytest.raises(ReleaseError, match="no release in .* yet"):
        current_release(tmp_path)
    set_current(tmp_path, release.id)
    assert current_release(tmp_path).id == release.id


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda path: (path / "values.parquet").unlink(), "values.parquet is missing"),
        (lambda path: (path / "coverage.json").write_text("[]"), "coverage.json was altered"),
        (lambda path: (path / "extra.csv").write_text("x"), "extra.csv is not in the manifest"),
    ],
)
def test_an_altered_release_is_told_file_by_file(tmp_path, content, alter, message):
    release = write_release(tmp_path, content)
    alter(release.path)
    with pytest.raises(ReleaseError, match=message):
        verify_release(release.path)


def test_a_manifest_that_was_altered_no_longer_gives_its_id(tmp_path, content):
    manifest = write_release(tmp_path, content).path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"nhs-7-5 (version 1.0)"', '"none"'))
    with pytest.raises(ReleaseError, match="its content does not give its id"):
        verify_release(manifest.parent)


def test_a_folder_that_is_no_release_says_so(tmp_path):
    with pytest.raises(ReleaseError, match="is not a release: it holds no manifest.json"):
        load_release(tmp_path)


def test_a_manifest_that_is_not_json_says_what_to_do(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ReleaseError, match="Build the release again"):
        load_release(tmp_path)


def test_one_unreadable_release_does_not_hide_the_others(tmp_path, content):
    good = write_release(tmp_path, content)
    damaged = write_release(tmp_path, dataclasses.replace(content, place_name="Elsewhere"))
    (damaged.path / "manifest.json").write_text("{")
    older = write_release(tmp_path, dataclasses.replace(content, place_name="Earlier"))
    manifest = older.path / "manifest.json"
    # An older schema lacks fields that this one has.
    manifest.write_text(json.dumps({"schema_version": 0, "release_id": older.id}))
    assert [release.id for release in list_releases(tmp_path)] == [good.id]
    told = "\n".join(list_unreadable(tmp_path))
    assert f"{damaged.id}/manifest.json cannot be read as a manifest" in told
    assert f"Release {older.id} has schema 0" in told


def test_a_release_of_another_schema_is_refused(tmp_path, content):
    manifest = write_release(tmp_path, content).path / "manifest.json"
    changed = json.loads(manifest.read_text()) | {"schema_version": 99}
    manifest.write_text(json.dumps(changed))
    with pytest.raises(ReleaseError, match="has schema 99"):
        load_release(manifest.parent)
