"""Areas that a place says its PCNs serve: drawn where they are all there, told by name where they are not."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from evenground.pipeline import build_release, check_workspace
from evenground.workspace import Workspace, load_workspace
from tests.support.cohort_place import DIRECT_CARE, make_cohort_place

TODAY = dt.date(2026, 5, 1)
SQUARE = [[[-1.4, 53.4], [-1.4, 53.5], [-1.3, 53.5], [-1.3, 53.4], [-1.4, 53.4]]]


def place_with(root: Path, *pcns: str) -> Workspace:
    made = make_cohort_place(root, DIRECT_CARE)
    toml = root / "place.toml"
    toml.write_text(toml.read_text().replace("[areas]\n", '[areas]\npcn_boundaries = "data/pcns.geojson"\n'))
    shape = {"type": "Polygon", "coordinates": SQUARE}
    features = [{"type": "Feature", "properties": {"pcn_code": pcn}, "geometry": shape} for pcn in pcns]
    (root / "data" / "pcns.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    return load_workspace(made.root)


def test_the_pcns_of_the_place_are_drawn_and_no_other(tmp_path: Path) -> None:
    place = place_with(tmp_path / "ours", "U00001", "U99999")
    assert check_workspace(place, today=TODAY) == []
    release, _ = build_release(place, today=TODAY)
    drawn = release.table("boundaries").filter(pl.col("area_type") == "pcn")
    assert drawn["area_code"].to_list() == ["U00001"]
    assert json.loads(drawn["geojson"][0])["type"] == "Polygon"


def test_a_pcn_that_the_file_leaves_out_is_named(tmp_path: Path) -> None:
    place = place_with(tmp_path / "ours", "U99999")
    faults = [str(fault) for fault in check_workspace(place, today=TODAY)]
    assert len(faults) == 1
    assert "data/pcns.geojson: draws no boundary of Town (U00001)." in faults[0]


def test_a_file_without_the_code_says_which_property_is_needed(tmp_path: Path) -> None:
    place = place_with(tmp_path / "ours", "U00001")
    path = place.root / "data" / "pcns.geojson"
    path.write_text(path.read_text().replace("pcn_code", "PCN23CD"))
    faults = [str(fault) for fault in check_workspace(place, today=TODAY)]
    assert any("the property pcn_code" in fault for fault in faults)


@pytest.mark.parametrize("given", ["", None])
def test_without_a_file_there_are_none(tmp_path: Path, given: str | None) -> None:
    place = make_cohort_place(tmp_path / "ours", DIRECT_CARE)
    if given is not None:
        toml = place.root / "place.toml"
        toml.write_text(toml.read_text().replace("[areas]\n", f'[areas]\npcn_boundaries = "{given}"\n'))
        place = load_workspace(place.root)
    assert check_workspace(place, today=TODAY) == []
