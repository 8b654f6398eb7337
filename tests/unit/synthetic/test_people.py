from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.sources.synthetic.margins import RECORDED_GROUPS, Margins
from evenground.sources.synthetic.model import load_model
from evenground.sources.synthetic.people import DIED, HERE, LEFT, People, birth_days, draw_people

AS_AT = dt.date(2026, 3, 31)
EPOCH = dt.date(1970, 1, 1)


def draw(margins: Margins, size: int, seed: int = 1) -> People:
    return draw_people(margins, size, AS_AT, load_model().faults, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def everybody(wenbury: Margins) -> People:
    return draw(wenbury, wenbury.total)


def completed_years(born: dt.date, on: dt.date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def residents(people: People) -> People:
    return people.take(np.flatnonzero(people.resident))


def test_population_by_lsoa_age_and_sex_is_met_exactly(wenbury: Margins, everybody: People) -> None:
    here = residents(everybody)
    counts = np.zeros_like(wenbury.population)
    np.add.at(counts, (here.lsoa, np.minimum(here.age // 5, 18), 1 - here.female.astype(int)), 1)
    assert (counts == wenbury.population).all()


def test_ethnic_groups_by_lsoa_are_met_exactly(wenbury: Margins, everybody: People) -> None:
    here = residents(everybody)
    counts = np.zeros_like(wenbury.ethnic_groups)
    np.add.at(counts, (here.lsoa, here.ethnic_group), 1)
    assert (counts == wenbury.ethnic_groups).all()


def test_minority_groups_are_younger_than_the_white_british(everybody: People) -> None:
    here = residents(everybody)
    mean_age = [here.age[here.ethnic_group == at].mean() for at in range(len(RECORDED_GROUPS))]
    older = {"A", "B", "M"}
    assert all(mean_age[at] < mean_age[0] - 3 for at, code in enumerate(RECORDED_GROUPS) if code not in older)


def test_people_who_died_or_left_come_on_top_of_the_margins(wenbury: Margins, everybody: People) -> None:
    here = everybody.status == HERE
    assert everybody.resident.sum() == wenbury.total
    assert (everybody.status == DIED).sum() > 0
    assert (everybody.status == LEFT).sum() > 0
    assert (everybody.last_day[~here] < everybody.last_day[here].max()).all()


def test_people_register_near_home(wenbury: Margins, everybody: People) -> None:
    codes = wenbury.practices["practice_code"]
    offered = set(wenbury.registrations.select("lsoa_code", "practice_code").iter_rows())
    here = residents(everybody)
    used = {
        (wenbury.areas["lsoa_code"][lsoa], codes[practice])
        for lsoa, practice in set(zip(here.lsoa.tolist(), here.practice.tolist(), strict=True))
    }
    assert used <= offered


@pytest.mark.parametrize("size", [1, 200, 2_000, 20_000])
def test_a_scaled_place_has_the_size_asked_for(wenbury: Margins, size: int) -> None:
    here = residents(draw(wenbury, size))
    assert len(here) == size
    share = wenbury.population.sum(axis=(1, 2)) * size / wenbury.total
    assert (np.abs(np.bincount(here.lsoa, minlength=167) - share) <= 1).all()


def test_a_scaled_place_keeps_its_small_groups(wenbury: Margins) -> None:
    here = residents(draw(wenbury, 20_000))
    share = np.bincount(here.ethnic_group, minlength=16) / len(here)
    wanted = wenbury.ethnic_groups.sum(axis=0) / wenbury.total
    assert np.abs(share - wanted).max() < 0.005
    assert (share > 0).all()


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 104), min_size=1, max_size=30),
    st.dates(dt.date(2016, 1, 1), dt.date(2036, 12, 31)),
)
def test_birth_days_give_back_the_age_on_any_date(ages: list[int], as_at: dt.date) -> None:
    days = birth_days(np.array(ages, dtype=np.int32), as_at, np.random.default_rng(0))
    born = [EPOCH + dt.timedelta(days=int(day)) for day in days]
    assert [completed_years(one, as_at) for one in born] == ages


def test_birth_days_are_right_on_a_leap_day() -> None:
    ages = np.repeat(np.arange(0, 40, dtype=np.int32), 400)
    leap_day = dt.date(2024, 2, 29)
    days = birth_days(ages, leap_day, np.random.default_rng(0))
    born = [EPOCH + dt.timedelta(days=int(day)) for day in days]
    assert [completed_years(one, leap_day) for one in born] == ages.tolist()
