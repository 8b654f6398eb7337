"""What a table of counts must be before it can be ranked."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.reach import Columns, check_counts, read_numbers

COLUMNS = Columns(("area_code", "ethnic_group"), ("sex",), ("imd_rank",))


def make_counts() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "area_code": ["E1", "E1", "E1", "E2", "E2", "E2"],
            "ethnic_group": ["A", "A", "B", "A", "A", "B"],
            "sex": ["female", "male"] * 3,
            "imd_rank": [10, 10, 10, 900, 900, 900],
            "eligible": [20, 30, 10, 40, 50, 60],
            "reached": [10, 15, 0, 40, 20, 30],
        }
    )


def test_a_good_table_is_taken_as_it_is() -> None:
    checked = check_counts(make_counts(), COLUMNS)
    assert checked.notes == []
    assert checked.numbers == ["imd_rank"]
    assert checked.rows["eligible"].sum() == 210


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"eligible": [20, 30, -1, 40, 50, 60]},
            '"eligible": 1 of 6 rows: is negative (row 3; the first is 1)',
        ),
        ({"reached": [10.0, 15, 0.5, 40, 20, 30]}, '"reached": 1 of 6 rows: is not whole (row 3;'),
        ({"reached": [10, None, 0, 40, 20, 30]}, '"reached": 1 of 6 rows: is empty or not a number (row 2;'),
        ({"eligible": [20.0, float("nan"), 10, 40, 50, 60]}, "is empty or not a number (row 2;"),
        ({"eligible": [20.0, float("inf"), 10, 40, 50, 60]}, "is infinite (row 2;"),
        ({"reached": [21, 15, 0, 40, 20, 30]}, "has more people reached than eligible (row 1;"),
        ({"reached": ["a"] * 6}, '"reached": it is String. Give whole numbers.'),
        ({"imd_rank": [1.0, float("inf"), 1, 1, 1, 1]}, '"imd_rank": 1 of 6 rows: is infinite'),
    ],
)
def test_counts_that_cannot_be_are_told_with_their_rows(change: dict, told: str) -> None:
    frame = make_counts().with_columns(**{name: pl.Series(values) for name, values in change.items()})
    with pytest.raises(InputError) as caught:
        check_counts(frame, COLUMNS)
    assert told in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    frame = make_counts().with_columns(eligible=pl.lit(-5), reached=pl.lit(1.5))
    with pytest.raises(InputError) as caught:
        check_counts(frame, COLUMNS)
    assert "3 faults" in str(caught.value)
    assert str(caught.value).count("6 of 6 rows") == 3


def test_missing_columns_are_told_with_the_nearest_name() -> None:
    frame = make_counts().rename({"reached": "reachd", "area_code": "area_cde"})
    with pytest.raises(InputError) as caught:
        check_counts(frame, COLUMNS)
    assert 'column "reached": it is not there. Did you mean "reachd"?' in str(caught.value)
    assert 'column "area_code": it is not there. Did you mean "area_cde"?' in str(caught.value)


def test_a_message_names_rows_and_never_what_they_say() -> None:
    frame = make_counts().with_columns(area_code=pl.lit("secret place"), reached=pl.lit(987_654))
    with pytest.raises(InputError) as caught:
        check_counts(frame, COLUMNS)
    assert "secret" not in str(caught.value)
    assert "987" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (Columns(()), "no column makes a community"),
        (Columns(("area_code", "area_code")), "named twice"),
        (Columns(("eligible",)), "it is a count"),
    ],
)
def test_columns_that_cannot_make_a_community_are_refused(columns: Columns, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_counts(make_counts(), columns)


def test_rows_of_one_stratum_are_added_up_and_that_is_said() -> None:
    once, twice = make_counts(), pl.concat([make_counts(), make_counts()])
    checked = check_counts(twice, COLUMNS)
    assert checked.rows["eligible"].to_list() == [2 * n for n in check_counts(once, COLUMNS).rows["eligible"]]
    assert checked.notes == ["12 rows are of 6 strata: rows of one stratum were added up."]


def test_strata_with_nobody_are_left_out_and_that_is_said() -> None:
    frame = make_counts().with_columns(
        eligible=pl.Series([0, 30, 10, 40, 50, 60]), reached=pl.Series([0, 15, 0, 40, 20, 30])
    )
    checked = check_counts(frame, COLUMNS)
    assert checked.rows.height == 5
    assert checked.notes == ["1 rows have nobody eligible, and are left out."]
    with pytest.raises(InputError, match="Nobody is eligible"):
        check_counts(frame.with_columns(eligible=pl.lit(0), reached=pl.lit(0)), COLUMNS)


def test_gaps_and_covariates_that_differ_within_an_area_are_said() -> None:
    frame = make_counts().with_columns(
        imd_rank=pl.Series([None, 10, 20, 900, 900, 900]),
        ethnic_group=pl.Series(["A", "A", " ", "A", "A", "B"]),
        sex=pl.Series([None, "male", "female", "male", "female", "male"]),
    )
    notes = " ".join(check_counts(frame, COLUMNS).notes)
    assert '"ethnic_group" is empty in 1 rows: their people inform the model and are not ranked.' in notes
    assert '"sex" is empty in 1 rows: it counts as a level of its own.' in notes
    assert '"imd_rank" is empty in 1 rows: they have an effect of their own.' in notes
    assert '"imd_rank" differs within 1 areas' in notes
    assert "one area only" in " ".join(check_counts(frame.filter(area_code="E1"), COLUMNS).notes)


def test_a_covariate_of_added_rows_is_weighted_by_their_people() -> None:
    frame = make_counts().head(2).with_columns(sex=pl.lit("all"), imd_rank=pl.Series([100.0, 200.0]))
    assert check_counts(frame, COLUMNS).rows["imd_rank"].to_list() == [(20 * 100 + 30 * 200) / 50]


def test_text_that_holds_numbers_is_read_as_numbers() -> None:
    text = make_counts().select(pl.all().cast(pl.String))
    checked = check_counts(read_numbers(text), COLUMNS)
    assert checked.rows.equals(check_counts(make_counts(), COLUMNS).rows)
    with pytest.raises(InputError, match="is empty or not a number"):
        check_counts(read_numbers(text.with_columns(reached=pl.lit("many"))), COLUMNS)
