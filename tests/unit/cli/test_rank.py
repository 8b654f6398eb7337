"""``evenground rank`` on a table of counts."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.places import BY, Kind, simulate_place
from tests.support.release_factory import write_sample_release
from tests.unit.spending.test_records import GAIN

HOW = ["--by", "area_code,ethnic_group", "--strata", "sex,age_band", "--covariates", "imd_rank"]


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts") / "counts.csv"
    place = simulate_place(Kind(areas=8, groups=3, people=3_000), 1)
    # A code that begins with a nought is not a number.
    place.counts.with_columns(pl.col("area_code").str.replace("E", "0")).write_csv(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("order", ["total", "per-contact", "per_100", "local"])
def test_counts_are_ranked_into_a_file(evenground, counts, tmp_path, suffix, order):
    out = tmp_path / f"ranking.{suffix}"
    done = evenground("rank", "--counts", counts, "--standard", "0.75", *HOW, "--order", order, "--out", out)
    assert done.returncode == 0, done.stderr
    assert f"communities to {out}" in done.stdout.replace("\n", "")
    ranked = pl.read_csv(out, infer_schema=False) if suffix == "csv" else pl.read_parquet(out)
    wanted = [*BY, "eligible", "reached", "expected_missing", "lower_cl", "upper_cl", "probability_top_k"]
    assert set(wanted) <= set(ranked.columns)
    assert ranked["area_code"].str.starts_with("0").all()


def test_counts_are_ranked_on_the_terminal_with_the_contacts_of_each(evenground, counts):
    done = evenground(
        "rank", "--counts", counts, "--standard", "0.75", *HOW, "--capacity", "300", "--top", "3"
    )
    assert done.returncode == 0, done.stderr
    assert "In the top 3" in done.stdout
    assert "Contacts" in done.stdout


def test_a_parquet_file_and_neighbours_are_read(evenground, counts, tmp_path):
    table = pl.read_csv(counts, infer_schema=False)
    parquet, beside = tmp_path / "counts.parquet", tmp_path / "beside.csv"
    table.with_columns(pl.col("eligible", "reached").cast(pl.Int64)).write_parquet(parquet)
    areas = table["area_code"].unique().sort()
    pl.DataFrame({"area_code": areas[:-1], "neighbour": areas[1:]}).write_csv(beside)
    out = tmp_path / "ranking.csv"
    done = evenground(
        "rank", "--counts", parquet, "--standard", "0.75", *HOW, "--neighbours", beside, "--flag-fdr", "0.1",
        "--shortfall", "strata", "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert pl.read_csv(out)["flagged"].dtype == pl.Boolean


def test_what_was_done_to_the_table_is_said(evenground, counts, tmp_path):
    twice = tmp_path / "twice.csv"
    table = pl.read_csv(counts, infer_schema=False)
    pl.concat([table, table]).write_csv(twice)
    done = evenground("rank", "--counts", twice, "--standard", "0.75", *HOW)
    assert "rows of one stratum were added up" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--standard", "75"], 8, "from 0 to 1"),
        ([], 2, "--standard"),
        (["--standard", "0.75", "--strata", "sx"], 8, 'Did you mean "sex"?'),
        (["--standard", "0.75", "--out", "ranking.xlsx"], 2, "must end in .csv or .parquet"),
        (["--standard", "0.75", "--neighbours", "nowhere.csv"], 8, "There is no file"),
        (["--standard", "0.75", "--flag-fdr", "3"], 8, "between 0 and 1"),
    ],
)
def test_what_cannot_be_ranked_is_told(evenground, counts, tmp_path, arguments, code, told):
    done = evenground("rank", "--counts", counts, "--by", "area_code,ethnic_group", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_table_is_told_without_what_it_holds(evenground, tmp_path):
    broken = tmp_path / "counts.parquet"
    broken.write_text("a secret")
    done = evenground("rank", "--counts", broken, "--standard", "0.5", "--by", "area_code")
    assert done.returncode == 8
    assert "cannot be read as a table" in done.stderr
    assert "secret" not in done.stderr


def test_options_for_counts_are_refused_on_a_release(evenground, tmp_path):
    done = evenground("rank", "--strata", "sex", cwd=tmp_path)
    assert done.returncode == 2
    assert "--counts" in done.stderr


def test_a_release_can_be_held_against_another_standard(evenground, wenbury, tmp_path):
    tables = {}
    for standard in ("0.5", "0.9"):
        out = tmp_path / f"{standard}.csv"
        done = evenground(
            "rank", "-w", wenbury.root, "--service", "bowel_screening", "--standard", standard,
            "--by", "area,ethnic_group", "--order", "per-contact", "--capacity", "100", "--out", out,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        tables[standard] = pl.read_csv(out)
    low, high = tables["0.5"], tables["0.9"]
    assert high["standard"].unique().to_list() == [0.9]
    assert high["expected_missing"].sum() > low["expected_missing"].sum()
    # What is modelled is rounded as counts are.
    assert (high["expected_missing"] % 5 == 0).all()
    assert high["contacts"].sum() == min(100, high["eligible"].sum())


def test_another_standard_is_for_one_service(evenground, wenbury):
    done = evenground("rank", "-w", wenbury.root, "--standard", "0.8")
    assert done.returncode == 2
    assert "--service" in done.stderr
    done = evenground("rank", "-w", wenbury.root, "--standard", "8", "--service", "bowel_screening")
    assert done.returncode == 8


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Areas on a line with a gap in the first six, their places and their boundaries."""
    folder = tmp_path_factory.mktemp("placed")
    counts = [
        (f"E{place:03d}", 500 * place, 0, 300, 120 if place < 6 else 200 + place % 5) for place in range(40)
    ]
    columns = ["area_code", "easting", "northing", "eligible", "reached"]
    pl.DataFrame(counts, schema=columns, orient="row").write_csv(folder / "counts.csv")
    features = [
        {
            "type": "Feature",
            "properties": {"area_code": code},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 0], [x, 9], [x + 9, 9], [x + 9, 0], [x, 0]]],
            },
        }
        for code, x, *_ in counts
    ]
    (folder / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return folder


@pytest.mark.parametrize(
    "where", [["--coordinates", "easting,northing"], ["--boundaries", "areas.geojson"]], ids=lambda w: w[0]
)
def test_neighbours_that_share_a_gap_are_written(evenground, placed, tmp_path, where):
    where = [str(placed / part) if part.endswith("json") else part for part in where]
    clusters, out = tmp_path / "clusters.csv", tmp_path / "ranking.csv"
    done = evenground(
        "rank", "--counts", placed / "counts.csv", "--standard", "0.75", "--by", "area_code",
        "--clusters", clusters, *where, "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = pl.read_csv(clusters).row(0, named=True)
    assert sorted(found["area_codes"].split(";")) == [f"E{place:03d}" for place in range(6)]
    ranked = pl.read_csv(out)
    assert ranked.filter(pl.col("cluster") == 1)["area_code"].sort().to_list() == sorted(
        found["area_codes"].split(";")
    )
    assert ranked["local_g"].is_not_null().all()


def test_clusters_of_counts_need_to_be_told_where_areas_are(evenground, placed, tmp_path):
    done = evenground(
        "rank", "--counts", placed / "counts.csv", "--standard", "0.75", "--by", "area_code",
        "--clusters", tmp_path / "clusters.csv",
    )  # fmt: skip
    assert done.returncode != 0
    assert "--coordinates" in done.stderr
    assert "--boundaries" in done.stderr
    assert not (tmp_path / "clusters.csv").exists()


def test_communities_of_a_release_are_flagged_and_its_clusters_written(evenground, tmp_path):
    place = tmp_path / "ours"
    assert evenground("init", place, "--name", "Samplebury", "--code", "X00000001").returncode == 0
    write_sample_release(place / "releases")
    out, clusters = tmp_path / "ranking.csv", tmp_path / "clusters.csv"
    how = ("rank", "-w", place, "--service", "bowel_screening", "--by", "lsoa")
    done = evenground(*how, "--flag-fdr", "0.1", "--out", out, "--clusters", clusters)
    assert done.returncode == 0, done.stderr
    assert "6 of 12 communities are flagged" in done.stdout
    assert pl.read_csv(out)["flagged"].sum() == 6
    found = pl.read_csv(clusters)
    assert found.height == 1
    assert len(found["area_codes"][0].split(";")) == found["areas"][0]
    for wrong in (("--service", "all", "--flag-fdr", "0.1"), ("--flag-fdr", "2")):
        assert evenground(*how, *wrong).returncode == 2


def test_need_benefit_and_whom_it_passes_over_are_columns_where_asked(evenground, counts, tmp_path):
    own, out = tmp_path / "definitions" / "evidence", tmp_path / "ranking.csv"
    own.mkdir(parents=True)
    (own / "bowel.toml").write_text(GAIN + 'applies_to = { ethnic_group = ["G00"] }\n', encoding="utf-8")
    asked = ["rank", "--counts", counts, "--standard", "0.75", *HOW, "--service", "bowel_screening"]
    done = evenground(*asked, "-w", tmp_path, "--worth", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Going by benefit alone would pass over:" in done.stdout.replace("\n", " ")
    ranked = pl.read_csv(out, infer_schema=False)
    assert ranked["rank"].cast(pl.Int64).is_sorted()
    passed = ranked.filter(pl.col("passed_over") == "true")
    assert passed.height
    assert "G00" not in passed["ethnic_group"]
    assert {"need", "expected_benefit", "benefit_unit", "capacity"} <= set(ranked.columns)
    without = evenground(*asked, "--worth")
    assert (without.returncode, "--out" in without.stderr) == (2, True)
