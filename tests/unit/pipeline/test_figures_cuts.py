"""Which breakdowns an indicator's figures have."""

from __future__ import annotations

from evenground.vocabulary import Cut
from tests.spec.specification import indicator


def test_indicator_that_names_no_cuts_has_them_all() -> None:
    one = indicator("x", {"feature": "check"})
    assert all(one.is_cut_by(cut) for cut in Cut)


def test_indicator_has_the_cuts_it_names_and_the_figure_for_everybody() -> None:
    one = indicator("x", {"feature": "check"}).model_copy(update={"cuts": (Cut.SEX, Cut.SEX_AGE_BAND)})
    assert [cut for cut in Cut if one.is_cut_by(cut)] == [Cut.ALL, Cut.SEX, Cut.SEX_AGE_BAND]


def test_pairs_name_the_two_cuts_they_are_made_of() -> None:
    pairs = {cut: cut.pair for cut in Cut if cut.pair}
    assert pairs[Cut.SEX_AGE_BAND] == (Cut.SEX, Cut.AGE_BAND)
    assert Cut.SEX.pair is None
    assert all(cut.value == "*".join(pair) for cut, pair in pairs.items())
