from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import SourceError
from evenground.sources.synthetic.margins import Margins, allocate, load_margins
from evenground.sources.synthetic.people import sample_counts
from evenground.sources.synthetic.wenbury import FOLDER

weights = st.lists(st.integers(0, 50), min_size=1, max_size=12)


@settings(deadline=None)
@given(weights, st.integers(0, 500))
def test_shared_out_numbers_sum_to_the_total(row: list[int], total: int) -> None:
    assert allocate([row], [total]).sum() == total


@settings(deadline=None)
@given(weights.filter(any), st.integers(0, 500))
def test_shared_out_numbers_lie_within_one_of_their_exact_share(row: list[int], total: int) -> None:
    exact = np.array(row) / sum(row) * total
    assert (np.abs(allocate([row], [total])[0] - exact) < 1 + 1e-9).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.floats(0, 0.999))
def test_whole_expected_counts_are_sampled_unchanged(counts: list[int], start: float) -> None:
    assert sample_counts(np.array(counts, dtype=float), start).tolist() == counts


def test_shipped_margins_of_wenbury_describe_about_265_000_people(wenbury: Margins) -> None:
    assert wenbury.total == 265_200
    assert wenbury.areas.height == 167
    assert wenbury.areas["msoa_code"].n_unique() == 33
    assert wenbury.areas["ward_code"].n_unique() == 25
    assert wenbury.practices.height == 30
    assert wenbury.practices["pcn_code"].n_unique() == 6


def test_ethnic_groups_sum_to_the_population_of_each_lsoa(wenbury: Margins) -> None:
    assert (wenbury.ethnic_groups.sum(axis=1) == wenbury.population.sum(axis=(1, 2))).all()


def test_registrations_sum_to_the_population_of_each_lsoa(wenbury: Margins) -> None:
    registered = wenbury.registrations.group_by("lsoa_code").agg(pl.col("patients").sum()).sort("lsoa_code")
    assert registered["patients"].to_list() == wenbury.population.sum(axis=(1, 2)).tolist()


def test_a_fifth_to_a_third_of_lsoas_are_in_the_most_deprived_national_fifth(wenbury: Margins) -> None:
    share = (wenbury.areas["imd_decile"] <= 2).mean()
    assert 0.20 <= share <= 0.34
    assert wenbury.areas["imd_rank"].is_unique().all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_margins_without_practices_can_be_loaded(folder: Path) -> None:
    (folder / "practices.csv").unlink()
    (folder / "registrations.csv").unlink()
    assert load_margins(folder).practices.is_empty()


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "population.csv").unlink()
    with pytest.raises(SourceError, match=r"population\.csv: is not there"):
        load_margins(folder)


def test_a_missing_column_is_named(folder: Path) -> None:
    path = folder / "population.csv"
    pl.read_csv(path).drop("85-89").write_csv(path)
    with pytest.raises(SourceError, match=r"population\.csv: lacks the columns 85-89"):
        load_margins(folder)


def test_a_count_that_is_no_number_is_refused(folder: Path) -> None:
    path = folder / "ethnic_groups.csv"
    text = path.read_text(encoding="utf-8").splitlines()
    text[1] = text[1].replace(text[1].split(",")[1], "many", 1)
    path.write_text("\n".join(text), encoding="utf-8")
    with pytest.raises(SourceError, match="not whole numbers in A"):
        load_margins(folder)


def test_lsoas_of_another_edition_are_refused(folder: Path) -> None:
    path = folder / "ethnic_groups.csv"
    pl.read_csv(path).slice(1).write_csv(path)
    with pytest.raises(SourceError, match="same LSOA edition"):
        load_margins(folder)


def test_ethnic_groups_that_do_not_sum_to_the_population_are_refused(folder: Path) -> None:
    path = folder / "ethnic_groups.csv"
    pl.read_csv(path).with_columns(pl.col("A") + (pl.col("lsoa_code") == "E01900005")).write_csv(path)
    with pytest.raises(SourceError, match=r"differ from the population in 1 LSOAs \(first: E01900005\)"):
        load_margins(folder)
