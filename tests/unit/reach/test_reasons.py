"""Why a community is where it is, in words."""

from __future__ import annotations

import pytest

from evenground.reach import explain_gap

EXPECT = "its deprivation, ethnic group, ages and sexes would lead you to expect"


@pytest.mark.parametrize(
    ("standard", "estimated", "predicted", "words"),
    [
        (0.75, 0.52, 0.61,
         f"Uptake is about 52%, 23 points below the standard of 75%. 14 points are what {EXPECT}; "
         "9 points are local to this community."),
        (0.75, 0.73, 0.74,
         f"Uptake is about 73%, 2 points below the standard of 75%. 1 point is what {EXPECT}; "
         "1 point is local to this community."),
        (0.75, 0.60, 0.60,
         f"Uptake is about 60%, 15 points below the standard of 75%. That is what {EXPECT}."),
        (0.75, 0.60, 0.75,
         "Uptake is about 60%, 15 points below the standard of 75%. All of that is local to this "
         f"community: what {EXPECT} is the standard."),
        (0.75, 0.60, 0.80,
         "Uptake is about 60%, 15 points below the standard of 75%. This is local to this community: "
         f"what {EXPECT} is 5 points above the standard."),
        (0.75, 0.65, 0.55,
         "Uptake is about 65%, 10 points below the standard of 75%. It is 10 points higher than "
         f"{EXPECT}."),
        (0.75, 0.80, 0.55,
         f"Uptake is about 80%, 5 points above the standard of 75%. It is 25 points higher than {EXPECT}."),
        (0.75, 0.80, 0.90,
         f"Uptake is about 80%, 5 points above the standard of 75%. It is 10 points lower than {EXPECT}."),
        (0.75, 0.75, 0.70,
         f"Uptake is about 75%, which is the standard. It is 5 points higher than {EXPECT}."),
        (0.75, 0.75, 0.75, f"Uptake is about 75%, which is the standard. That is what {EXPECT}."),
        (0.75, 0.52, None, "Uptake is about 52%, 23 points below the standard of 75%."),
        (None, 0.52, 0.61, f"Uptake is about 52%. It is 9 points lower than {EXPECT}."),
        (None, 0.52, None, "Uptake is about 52%."),
        (0.75, None, 0.61, ""),
    ],
)  # fmt: skip
def test_each_kind_of_gap_has_its_sentence(
    standard: float | None, estimated: float | None, predicted: float | None, words: str
) -> None:
    assert explain_gap(standard, estimated, predicted) == words
