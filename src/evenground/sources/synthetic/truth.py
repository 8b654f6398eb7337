"""The truth behind invented records: modelled probabilities and true counts, by community.

SECURE, although invented: it is what a real place never has, so no published figure may lean on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenground.sources.synthetic.margins import RECORDED_GROUPS, Margins
from evenground.sources.synthetic.outcomes import Drawn, Outcomes, msoa_rows
from evenground.sources.synthetic.people import People
from evenground.vocabulary import CommunityType

TRUTH_COLUMNS: Final = (
    "indicator_id",
    "community_type",
    "area_code",
    "ethnic_group",
    "eligible",
    "expected",
    "probability",
    "reached",
    "eligible_recorded",
    "reached_recorded",
)

UNRECORDED: Final = -1

# Indicators that ask for women: a woman whose sex is not on record is missed by them.
_WOMEN_ONLY: Final = frozenset({"breast_screening", "cervical_screening"})


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the extract shows of each person.

    Attributes
    ----------
    group
        Index into ``RECORDED_GROUPS``, or ``UNRECORDED``.
    sex_known
        Whether the sex shown is the person's.
    """

    group: npt.NDArray[np.int8]
    sex_known: npt.NDArray[np.bool_]


def build_truth(people: People, on_record: OnRecord, outcomes: Outcomes, margins: Margins) -> pl.DataFrame:
    """One row for each indicator and community with anybody eligible.

    Returns
    -------
    ``TRUTH_COLUMNS``: ``eligible`` people, the ``expected`` number reached and mean ``probability`` by the
    model, the number ``reached`` as drawn; and, by the ethnic group and sex that the extract records, what a
    perfect calculation finds in it (``_recorded``). For admissions, ``expected`` and ``reached`` are events.
    """
    frames = [
        _by_community(indicator, drawn, amount, people, on_record, margins)
        for indicator, drawn, amount in _indicators(people, outcomes)
    ]
    return pl.concat(frames).sort("indicator_id", "community_type", "area_code", "ethnic_group")


def _indicators(people: People, outcomes: Outcomes) -> Iterator[tuple[str, Drawn, npt.NDArray[np.int64]]]:
    """Each indicator's people as drawn, and how much each of them counts in the numerator."""
    drawn = outcomes.drawn
    services = (
        "bowel_screening",
        "breast_screening",
        "cervical_screening",
        "flu_vaccination_65",
        "nhs_health_check",
        "learning_disability_health_check",
        "smi_annual_health_check",
        "hypertension_blood_pressure_control",
        "cvd_cholesterol_control",
        "maternity_continuity_of_carer",
        "cancer_early_stage",
    )
    found = {name: drawn[name] for name in services}
    smoking = drawn["current_smoker"]
    known = outcomes.traits["smoking_on_record"] & (people.age >= 18)
    found["smoking_prevalence"] = smoking.where(known[smoking.rows])
    found["hypertension_prevalence"] = _everybody(drawn["hypertension"], len(people))
    found["copd_flu_vaccination"] = _copd_flu(outcomes)
    for indicator, one in found.items():
        yield indicator, one, one.happened.astype(np.int64)
    rows = np.flatnonzero(people.age >= 35)
    expected = Drawn(rows, outcomes.expected_admissions[rows], outcomes.admissions[rows] > 0)
    yield "copd_emergency_admissions", expected, outcomes.admissions[rows]


def _everybody(drawn: Drawn, count: int) -> Drawn:
    probability, happened = np.zeros(count), np.zeros(count, dtype=bool)
    probability[drawn.rows] = drawn.probability
    happened[drawn.rows] = drawn.happened
    return Drawn(np.arange(count), probability, happened)


def _copd_flu(outcomes: Outcomes) -> Drawn:
    older = outcomes.drawn["flu_vaccination_65"]
    older = older.where(outcomes.traits["copd"][older.rows])
    younger = outcomes.drawn["flu_vaccination_copd_under_65"]
    return Drawn(
        np.concatenate([older.rows, younger.rows]),
        np.concatenate([older.probability, younger.probability]),
        np.concatenate([older.happened, younger.happened]),
    )


def _by_community(
    indicator: str,
    drawn: Drawn,
    amount: npt.NDArray[np.int64],
    people: People,
    on_record: OnRecord,
    margins: Margins,
) -> pl.DataFrame:
    resident = people.resident[drawn.rows]
    rows = drawn.rows[resident]
    probability, counted = drawn.probability[resident], amount[resident]
    lsoa = people.lsoa[rows].astype(np.int64)
    msoas, msoa_of_lsoa = msoa_rows(margins)
    found = on_record.sex_known[rows] if indicator in _WOMEN_ONLY else np.ones(len(rows), dtype=bool)
    by_lsoa = _sums(lsoa, probability, counted, margins.areas.height)
    found_by_lsoa = _sums(lsoa[found], probability[found], counted[found], margins.areas.height)
    lsoas = _frame(by_lsoa, found_by_lsoa, margins.areas["lsoa_code"].to_list(), [""], CommunityType.LSOA)
    groups = len(RECORDED_GROUPS)
    true = msoa_of_lsoa[lsoa] * groups + people.ethnic_group[rows]
    shown = found & (on_record.group[rows] != UNRECORDED)
    seen = (msoa_of_lsoa[lsoa] * groups + on_record.group[rows])[shown]
    by_group = _frame(
        _sums(true, probability, counted, len(msoas) * groups),
        _sums(seen, probability[shown], counted[shown], len(msoas) * groups),
        msoas,
        list(RECORDED_GROUPS),
        CommunityType.MSOA_ETHNIC_GROUP,
    )
    both = pl.concat([lsoas, by_group]).filter((pl.col("eligible") > 0) | (pl.col("eligible_recorded") > 0))
    return both.with_columns(pl.lit(indicator).alias("indicator_id")).select(TRUTH_COLUMNS)


def _sums(
    key: npt.NDArray[np.int64],
    probability: npt.NDArray[np.float64],
    counted: npt.NDArray[np.int64],
    length: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    return (
        np.bincount(key, minlength=length).astype(np.int64),
        np.bincount(key, weights=probability, minlength=length).astype(np.float64),
        np.bincount(key, weights=counted, minlength=length).astype(np.int64),
    )


def _frame(
    true: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]],
    recorded: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]],
    areas: list[str],
    groups: list[str],
    community_type: CommunityType,
) -> pl.DataFrame:
    eligible, expected, reached = true
    probability = np.divide(expected, eligible, out=np.full(len(expected), np.nan), where=eligible > 0)
    return pl.DataFrame(
        {
            "community_type": [str(community_type)] * len(eligible),
            "area_code": np.repeat(areas, len(groups)),
            "ethnic_group": groups * len(areas),
            "eligible": eligible,
            "expected": np.round(expected, 3),
            "probability": np.round(probability, 6),
            "reached": reached,
            "eligible_recorded": recorded[0],
            "reached_recorded": recorded[2],
        }
    ).with_columns(pl.col("probability").fill_nan(None))
