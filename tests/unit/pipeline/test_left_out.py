"""Indicators that the records say nothing of are named, not published as nobody."""

from __future__ import annotations

import json

import polars as pl
import pytest

from evenground.errors import SourceError, WorkspaceError
from evenground.indicators import load_definitions
from evenground.pipeline import build_release, check_workspace
from evenground.pipeline.left_out import find_left_out
from evenground.releases import current_release
from evenground.workspace import load_workspace


def test_release_holds_no_indicator_that_nobody_recorded(wenbury):
    release = current_release(wenbury.releases)
    assert "smi_cholesterol" in release.indicators
    assert "diabetic_eye_screening" not in release.indicators
    figures = release.table("values").filter((pl.col("area_type") == "place") & (pl.col("cut") == "all"))
    assert set(figures["indicator_id"]) == release.indicators.keys()
    assert figures.filter(pl.col("value_note") == "zero").is_empty()


def test_profiles_of_a_release_hold_only_what_it_shows(wenbury):
    release = current_release(wenbury.releases)
    shown = {
        name
        for profile in release.profiles.values()
        for section in profile.sections
        for name in section.indicators
    }
    assert shown == release.indicators.keys()
    assert "core20plus5_children" not in release.profiles


def test_page_about_the_data_and_report_name_what_is_left_out(wenbury):
    release = current_release(wenbury.releases)
    told = " ".join(row.reason for row in release.coverage if row.what == "left out")
    assert "Diabetes: eye screening, ages 12 and over (not recorded: Diabetic eye screening)" in told
    assert "Flu vaccination, ages 2 and 3 (place.toml leaves it out)" in told
    left_out = json.loads((wenbury.secure / "reports" / f"{release.id}.json").read_text())["left_out"]
    assert left_out["diabetic_eye_screening"] == "not recorded: Diabetic eye screening"
    assert release.indicators.keys() | left_out.keys() == load_definitions().indicators.keys()


def test_unknown_name_in_place_toml_gets_the_nearest(wenbury):
    place = wenbury.root / "place.toml"
    place.write_text(place.read_text().replace('"flu_vaccination_2_3"', '"flu_vaccination_2_4"'))
    workspace = load_workspace(wenbury.root)
    (fault,) = check_workspace(workspace)
    assert str(fault) == (
        'place.toml, indicators.leave_out: "flu_vaccination_2_4" is not an indicator. '
        'Did you mean "flu_vaccination_2_3"?'
    )
    with pytest.raises(WorkspaceError):
        build_release(workspace)


def test_records_without_any_known_code_are_refused():
    definitions = load_definitions().keep(["bowel_screening", "flu_vaccination_65"])
    with pytest.raises(SourceError, match="hold no code that any indicator"):
        find_left_out(definitions, unwanted=(), recorded={("snomed_ct", "1")})


def test_plus_groups_that_records_tell_are_in_the_release_and_the_others_named(wenbury):
    release = current_release(wenbury.releases)
    shown = {one.id for one in release.groups.values() if one.cut == "plus_group"}
    assert {"ethnic_minority_communities", "learning_disability"} <= shown
    values = release.table("values")
    assert set(values.filter(pl.col("cut") == "plus_group")["category"]) == shown
    told = " ".join(row.reason for row in release.coverage if row.table == "groups of people")
    assert "not recorded" in told
    assert "homelessness" in told.lower()
    assert "homelessness" not in shown


def test_plus_group_counts_follow_the_policy(wenbury):
    values = current_release(wenbury.releases).table("values").filter(pl.col("cut") == "plus_group")
    counts = values["numerator"].drop_nulls()
    assert values.height > 20
    assert (counts % 5 == 0).all()
