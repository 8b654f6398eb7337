"""The whole Place of Wenbury: what was planted in it is found, through every protection of a release."""

from __future__ import annotations

import json

import polars as pl
import pytest

from evenground.pipeline import build_release
from evenground.reach import order_communities
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import load_workspace

pytestmark = pytest.mark.slow


def test_every_planted_gap_of_a_ranked_service_leads_its_local_order(tmp_path):
    root = make_wenbury_workspace(tmp_path / "wenbury")
    release, report = build_release(load_workspace(root))
    assert report.people_counted > 265_000
    rankings = release.table("rankings")
    ranked = set(rankings["service_id"])
    planted = [
        gap
        for gap in json.loads((root / "data" / "truth.json").read_text())["planted_gaps"]
        if gap["indicator"] in ranked
    ]
    assert len(planted) >= 10
    for gap in planted:
        kind = "lsoa" if gap["area_type"] == "lsoa" else "msoa_ethnic_group"
        chosen = (pl.col("service_id") == gap["indicator"]) & (pl.col("community_type") == kind)
        first = order_communities(rankings.filter(chosen), "local").head(3)
        found = zip(first["area_code"], first["ethnic_group"], strict=True)
        assert (gap["area_code"], gap["ethnic_group"]) in set(found), gap["indicator"]
