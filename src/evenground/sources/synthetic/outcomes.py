"""Who has what and whom services reach: probabilities from the model, gaps planted, outcomes drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from evenground.geography import LSOAS_BY_IMD_EDITION
from evenground.sources.synthetic.margins import RECORDED_GROUPS, SEXES, Margins
from evenground.sources.synthetic.model import OLDEST, Gap, Model, Outcome
from evenground.sources.synthetic.people import People
from evenground.vocabulary import AGE_BANDS

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

ADULT: Final = 16
"""From what age measurements are recorded."""

_CALIBRATION_SAMPLE: Final = 20_000
_LOGIT_LIMIT: Final = 15.0

# Indicators that a trait, not a service, decides.
_INDICATOR_OF_TRAIT: Final = {
    "current_smoker": "smoking_prevalence",
    "hypertension": "hypertension_prevalence",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One outcome: the people it could happen to, its modelled probability for each, and what happened."""

    rows: Rows
    probability: FloatArray
    happened: Mask

    def where(self, keep: Mask) -> Drawn:
        """The same for some of the people; ``keep`` has one entry for each of ``rows``."""
        return Drawn(self.rows[keep], self.probability[keep], self.happened[keep])


@dataclass(frozen=True, slots=True)
class PlantedGap:
    """A planted gap as it came out."""

    indicator: str
    area_type: str
    area_code: str
    area_name: str
    ethnic_group: str | None
    points: float
    eligible: int
    probability_without: float | None
    probability_with: float | None


@dataclass(slots=True)
class Outcomes:
    """Everything drawn for one population."""

    traits: dict[str, Mask]
    drawn: dict[str, Drawn]
    admissions: npt.NDArray[np.int64]
    expected_admissions: FloatArray
    gaps: list[PlantedGap] = field(default_factory=list)


def draw_outcomes(people: People, margins: Margins, model: Model, rng: np.random.Generator) -> Outcomes:
    """Draw every trait, every service and the admissions of every person."""
    sampler = _Sampler(people, margins, model, rng)
    drawn: dict[str, Drawn] = {}
    everyone = np.ones(len(people), dtype=bool)
    for name, outcome in model.traits.items():
        drawn[name] = sampler.draw(name, outcome, everyone)
        sampler.traits[name] = sampler.as_mask(drawn[name])
    staged = sampler.traits["cancer_diagnosis"] & (rng.random(len(people)) < model.recording.cancer_stage)
    sampler.traits["cancer_staged"] = staged
    for name, outcome in model.services.items():
        drawn[name] = sampler.draw(name, outcome, _eligible_by_trait(name, people, sampler.traits))
    # A health check records smoking, so those who had one have it on record.
    check = sampler.as_mask(drawn["smi_annual_health_check"])
    on_record = (people.age >= ADULT) & (rng.random(len(people)) < model.recording.smoking_status)
    sampler.traits["smoking_on_record"] = on_record | check
    expected = sampler.expected_admissions()
    admissions = np.asarray(rng.poisson(expected), dtype=np.int64)
    return Outcomes(sampler.traits, drawn, admissions, expected, sampler.gaps)


def msoa_rows(margins: Margins) -> tuple[list[str], Rows]:
    """MSOA codes in order, and the place of each LSOA's MSOA among them."""
    codes = sorted(set(margins.areas["msoa_code"]))
    number = {code: at for at, code in enumerate(codes)}
    return codes, np.array([number[code] for code in margins.areas["msoa_code"]])


def expit(logit: FloatArray) -> FloatArray:
    """Probability from logit."""
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def shift_to_mean(logit: FloatArray, mean: float) -> float:
    """What to add to every logit so that the mean probability becomes ``mean`` (between 0 and 1)."""
    low, high = -_LOGIT_LIMIT, _LOGIT_LIMIT
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(logit + middle).mean() < mean else (low, middle)
    return round((low + high) / 2, 6)


def _eligible_by_trait(service: str, people: People, traits: dict[str, Mask]) -> Mask:
    """Who a service is for, apart from age and sex: the condition it follows, or the ones it excludes."""
    heart = traits["cardiovascular_disease"] | traits["diabetes"] | traits["hypertension"]
    rules: dict[str, Callable[[], Mask]] = {
        "nhs_health_check": lambda: ~heart,
        "flu_vaccination_copd_under_65": lambda: traits["copd"],
        "learning_disability_health_check": lambda: traits["learning_disability"],
        "smi_annual_health_check": lambda: traits["severe_mental_illness"],
        "hypertension_blood_pressure_control": lambda: traits["hypertension"],
        "cvd_cholesterol_control": lambda: traits["cardiovascular_disease"],
        "maternity_continuity_of_carer": lambda: traits["pregnancy"],
        "cancer_early_stage": lambda: traits["cancer_staged"],
    }
    return rules[service]() if service in rules else np.ones(len(people), dtype=bool)


class _Sampler:
    """People with what the model needs of their areas, and the traits drawn so far."""

    def __init__(self, people: People, margins: Margins, model: Model, rng: np.random.Generator) -> None:
        self.people = people
        self.margins = margins
        self.model = model
        self.rng = rng
        self.traits: dict[str, Mask] = {}
        self.gaps: list[PlantedGap] = []
        self.msoas, self.msoa_of_lsoa = msoa_rows(margins)
        # The last entry serves people without an LSOA: index -1. They are taken for most deprived.
        self.deprivation = np.append(_deprivation(margins), 0.5)

    def draw(self, name: str, outcome: Outcome, also: Mask) -> Drawn:
        """One outcome for everybody of the right age and sex who is ``also`` eligible."""
        people = self.people
        right_age = (people.age >= outcome.ages[0]) & (people.age <= outcome.ages[1])
        right_sex = people.female if outcome.sex == "female" else True
        rows = np.flatnonzero(right_age & right_sex & also)
        logit = self._logit(outcome, rows)
        logit += self._intercept(logit, rows, outcome.level)
        self._plant_gaps(_INDICATOR_OF_TRAIT.get(name, name), outcome, rows, logit)
        probability = expit(logit)
        return Drawn(rows, probability, self.rng.random(len(rows)) < probability)

    def as_mask(self, drawn: Drawn) -> Mask:
        """What happened, for everybody."""
        mask = np.zeros(len(self.people), dtype=bool)
        mask[drawn.rows[drawn.happened]] = True
        return mask

    def expected_admissions(self) -> FloatArray:
        """Expected emergency admissions for COPD in three years; 0 without COPD."""
        rate = self.model.admissions["copd_emergency_admissions"]
        area = np.append(self.rng.normal(0, rate.area_sd, len(self.msoas))[self.msoa_of_lsoa], 0.0)
        lsoa = self.people.lsoa
        log_rate = rate.deprivation * self.deprivation[lsoa] + area[lsoa]
        log_rate += rate.current_smoker * self.traits["current_smoker"]
        expected = np.where(self.traits["copd"], np.exp(log_rate), 0.0)
        at_risk = self.traits["copd"] & self.people.resident
        scale = expected[at_risk].mean() if at_risk.any() else 1.0
        return np.asarray(expected * rate.mean / scale)

    def _logit(self, outcome: Outcome, rows: Rows) -> FloatArray:
        people = self.people
        area = self.rng.normal(0, outcome.area_sd, len(self.msoas))[self.msoa_of_lsoa]
        area += self.rng.normal(0, outcome.small_area_sd, len(area))
        by_lsoa = np.append(area, 0.0) + outcome.deprivation * self.deprivation
        logit = by_lsoa[people.lsoa[rows]]
        logit += outcome.age_curve()[np.minimum(people.age[rows], OLDEST)]
        logit += self.model.ethnic_effects(outcome)[people.ethnic_group[rows]]
        logit += outcome.female * people.female[rows]
        for trait, effect in outcome.given.items():
            logit += effect * self.traits[trait][rows]
        return logit

    def _intercept(self, logit: FloatArray, rows: Rows, level: float) -> float:
        residents = logit[self.people.resident[rows]]
        if not residents.size:
            return 0.0
        step = max(1, residents.size // _CALIBRATION_SAMPLE)
        return shift_to_mean(residents[::step], level)

    def _plant_gaps(self, indicator: str, outcome: Outcome, rows: Rows, logit: FloatArray) -> None:
        for gap in self.model.gaps:
            if gap.indicator == indicator:
                for planted, members in self._find_community(gap, outcome, rows):
                    self.gaps.append(_plant(gap, planted, members, logit))

    def _find_community(
        self, gap: Gap, outcome: Outcome, rows: Rows
    ) -> Iterator[tuple[tuple[str, str, str, str | None], Mask]]:
        """The gap's community (none where the place has no such one) and which of ``rows`` live in it."""
        areas, people = self.margins.areas, self.people
        resident = people.resident[rows]
        if gap.community.ethnic_group is not None:
            group = RECORDED_GROUPS.index(gap.community.ethnic_group)
            msoa = _nth_msoa(self.margins, self.msoa_of_lsoa, group, gap.community.place)
            if msoa is None:
                return
            name = areas["msoa_name"][int((self.msoa_of_lsoa == msoa).argmax())]
            here = np.append(self.msoa_of_lsoa == msoa, False)[people.lsoa[rows]]
            members = resident & here & (people.ethnic_group[rows] == group)
            yield ("msoa", self.msoas[msoa], name, gap.community.ethnic_group), members
        else:
            lsoa = _nth_lsoa(self.margins, outcome, gap)
            if lsoa is not None:
                found = ("lsoa", areas["lsoa_code"][lsoa], areas["lsoa_name"][lsoa], None)
                yield found, resident & (people.lsoa[rows] == lsoa)


def _plant(
    gap: Gap, community: tuple[str, str, str, str | None], members: Mask, logit: FloatArray
) -> PlantedGap:
    """Move the members' logits so that their mean probability lies the gap's points from the model's."""
    without = with_gap = None
    if members.any():
        before = logit[members]
        without = float(expit(before).mean())
        logit[members] = before + shift_to_mean(
            before, float(np.clip(without + gap.points / 100, 0.03, 0.97))
        )
        with_gap = round(float(expit(logit[members]).mean()), 6)
        without = round(without, 6)
    return PlantedGap(gap.indicator, *community, gap.points, int(members.sum()), without, with_gap)


def _deprivation(margins: Margins) -> FloatArray:
    """From -0.5 (least deprived LSOA of England) to 0.5 (most deprived).

    Margins do not say their IMD edition; the number of LSOAs ranked differs by under 3 % between editions.
    """
    rank = margins.areas["imd_rank"].to_numpy().astype(float)
    return np.asarray(0.5 - (rank - 0.5) / max(LSOAS_BY_IMD_EDITION.values()))


def _nth_msoa(margins: Margins, msoa_of_lsoa: Rows, group: int, place: int) -> int | None:
    counts = np.bincount(msoa_of_lsoa, weights=margins.ethnic_groups[:, group])
    order = np.argsort(-counts, kind="stable")
    return int(order[place - 1]) if place <= len(order) else None


def _nth_lsoa(margins: Margins, outcome: Outcome, gap: Gap) -> int | None:
    starts = np.arange(len(AGE_BANDS)) * 5
    bands = (starts + 4 >= outcome.ages[0]) & (starts <= outcome.ages[1])
    sexes = [SEXES.index("female")] if outcome.sex == "female" else list(range(len(SEXES)))
    eligible = margins.population[:, bands][:, :, sexes].sum(axis=(1, 2))
    quintile = (margins.areas["imd_decile"].to_numpy() + 1) // 2
    candidates = np.flatnonzero(quintile == gap.community.imd_quintile)
    order = candidates[np.argsort(-eligible[candidates], kind="stable")]
    return int(order[gap.community.place - 1]) if gap.community.place <= len(order) else None
