"""Coded events: what a provider's system would hold of the outcomes drawn, with history and measurements."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenground.codelists import CodeList
from evenground.errors import DefinitionError, Fault
from evenground.sources.synthetic.model import Measurement, Model
from evenground.sources.synthetic.outcomes import ADULT, Drawn, FloatArray, Mask, Outcomes, Rows
from evenground.sources.synthetic.people import People

Days = npt.NDArray[np.int32]

DIAGNOSES: Final = {
    "hypertension": "hypertension",
    "copd": "copd",
    "severe_mental_illness": "severe_mental_illness",
    "learning_disability": "learning_disability",
    "cardiovascular_disease": "cardiovascular_disease",
    "diabetes": "diabetes",
}
"""Traits that are coded once, by their code list."""

WINDOW_MONTHS: Final = {
    "bowel_screening": 30,
    "breast_screening": 36,
    "cervical_screening": 42,
    "nhs_health_check": 60,
    "learning_disability_health_check": 12,
}
"""Services that leave one event, and within how many months before the date of the data it counts."""

CERVICAL_FROM_50: Final = 66
"""Months in which a cervical screen counts from age 50; from 25 to 49 it is 42."""

HEALTH_CHECK_PARTS: Final = (
    "blood_pressure",
    "body_mass_index",
    "hba1c",
    "cholesterol",
    "alcohol_consumption",
    "smoking_status",
)
"""What an SMI annual physical health check needs, all within 12 months."""

CODE_LISTS: Final = (
    *DIAGNOSES.values(),
    *WINDOW_MONTHS,
    "systolic_blood_pressure",
    "diastolic_blood_pressure",
    *HEALTH_CHECK_PARTS[1:],
    "flu_vaccination",
    "pregnancy",
    "continuity_of_carer",
    "cancer_diagnosis",
    "copd_emergency_admission",
)
"""The code lists that events are coded with."""

CONTROLLED_AT_MOST: Final = (139, 89)
UNCONTROLLED_FROM: Final = (141, 151)
"""Systolic pressure, mmHg: up to age 79 and from 80. Clear of every common target, so that none disagrees."""

CHOLESTEROL_TARGET: Final = 5.0

_FIRST_CODE_SHARE: Final = 0.7
_YEAR: Final = 365
# Measurements that may be left out to make a health check incomplete: the other two are decided elsewhere.
_OPTIONAL_PARTS: Final = ("body_mass_index", "hba1c", "alcohol_consumption", "smoking_status")


@dataclass(frozen=True, slots=True)
class Events:
    """One array entry an event. ``value`` is NaN where there is none; ``code`` indexes ``codes``."""

    person: npt.NDArray[np.int32]
    code: npt.NDArray[np.int16]
    day: Days
    value: FloatArray
    codes: tuple[tuple[str, str], ...]
    lists: dict[str, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.person)


class EventLog:
    """Collects events as arrays; codes are drawn from the code lists, the first of a list most often."""

    def __init__(self, people: People, codelists: Mapping[str, CodeList], rng: np.random.Generator) -> None:
        self.people = people
        self.rng = rng
        self.codelists = codelists
        self._number: dict[tuple[str, str], int] = {}
        self._parts: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], Days, FloatArray]] = []
        for name in CODE_LISTS:
            for code in codelists[name].codes:
                self._number.setdefault((code.code_system, code.code), len(self._number))

    def add(
        self,
        codelist: str,
        rows: Rows,
        days_ago: npt.NDArray[np.float64],
        *,
        value: FloatArray | None = None,
        category: str | None = None,
    ) -> None:
        """Add one event for each row, so many days before the person's last day."""
        person = rows.astype(np.int32)
        day = (self.people.last_day[rows] - np.floor(days_ago)).astype(np.int32)
        values = np.full(len(rows), np.nan) if value is None else value
        self._parts.append((person, self._codes(codelist, category, len(rows)), day, values))

    def close(self) -> Events:
        """All events, in the order they were added."""
        person, code, day, value = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        lists = {
            name: tuple(self._number[one.code_system, one.code] for one in self.codelists[name].codes)
            for name in CODE_LISTS
        }
        return Events(person, code, day, value, tuple(self._number), lists)

    def _codes(self, codelist: str, category: str | None, count: int) -> npt.NDArray[np.int16]:
        chosen = [
            self._number[code.code_system, code.code]
            for code in self.codelists[codelist].codes
            if category in (None, code.category)
        ]
        if not chosen:
            what = f"has no code of the category {category}."
            fault = Fault(f"{codelist}.csv", what, "The synthetic Place needs one.")
            raise DefinitionError("The code lists cannot be used.", [fault])
        other = np.floor(self.rng.random(count) * len(chosen)).astype(np.int16)
        first = self.rng.random(count) < _FIRST_CODE_SHARE
        return np.asarray(np.array(chosen, dtype=np.int16)[np.where(first, 0, other)])


def window_days(as_at: dt.date, months: int) -> int:
    """How many days the window of so many months before ``as_at`` is long."""
    year, month = divmod(as_at.year * 12 + as_at.month - 1 - months, 12)
    day = min(as_at.day, calendar.monthrange(year, month + 1)[1])
    return (as_at - dt.date(year, month + 1, day)).days


def draw_events(
    people: People,
    outcomes: Outcomes,
    model: Model,
    codelists: Mapping[str, CodeList],
    as_at: dt.date,
    rng: np.random.Generator,
) -> Events:
    """All events of all people."""
    log = EventLog(people, codelists, rng)
    _add_diagnoses(log, outcomes)
    _add_services(log, outcomes, as_at)
    _add_flu(log, outcomes, as_at)
    _add_maternity(log, outcomes, as_at)
    _add_cancers(log, outcomes, as_at)
    _add_admissions(log, outcomes, as_at)
    _add_measurements(log, outcomes, model, as_at)
    return log.close()


def _within(rng: np.random.Generator, count: int, window: int) -> npt.NDArray[np.float64]:
    """Days ago inside a window, two days clear of its far end whatever a definition says of the edge."""
    return 1 + rng.random(count) * (window - 3)


def _before(rng: np.random.Generator, count: int, window: int, span: int) -> npt.NDArray[np.float64]:
    """Days ago in the ``span`` before a window, three days clear of it."""
    return window + 3 + rng.random(count) * span


def _add_diagnoses(log: EventLog, outcomes: Outcomes) -> None:
    for trait, codelist in DIAGNOSES.items():
        rows = np.flatnonzero(outcomes.traits[trait])
        longest = np.minimum(log.people.age[rows], 18) * _YEAR
        log.add(codelist, rows, 1 + log.rng.random(len(rows)) ** 0.8 * longest)


def _add_services(log: EventLog, outcomes: Outcomes, as_at: dt.date) -> None:
    """One event in the window for those reached; older ones for many, reached now or not."""
    for name, months in WINDOW_MONTHS.items():
        drawn = outcomes.drawn[name]
        if name != "cervical_screening":
            _add_service(log, name, drawn, window_days(as_at, months))
            continue
        from_50 = log.people.age[drawn.rows] >= 50
        _add_service(log, name, drawn.where(~from_50), window_days(as_at, months))
        _add_service(log, name, drawn.where(from_50), window_days(as_at, CERVICAL_FROM_50))


def _add_service(log: EventLog, name: str, drawn: Drawn, window: int) -> None:
    reached = drawn.rows[drawn.happened]
    log.add(name, reached, _within(log.rng, len(reached), window))
    earlier = drawn.rows[log.rng.random(len(drawn.rows)) < 0.75 * drawn.probability]
    log.add(name, earlier, _before(log.rng, len(earlier), window, window))


def _add_flu(log: EventLog, outcomes: Outcomes, as_at: dt.date) -> None:
    season = (as_at - dt.date(as_at.year - (as_at.month < 9), 9, 1)).days
    season = max(season, 4)
    for name in ("flu_vaccination_65", "flu_vaccination_copd_under_65"):
        drawn = outcomes.drawn[name]
        reached = drawn.rows[drawn.happened]
        # Most are given in the first three months of a season.
        share = log.rng.beta(3.5, 1.3, len(reached))
        log.add("flu_vaccination", reached, 1 + share * (season - 2))
        for years in (1, 2, 3):
            earlier = drawn.rows[log.rng.random(len(drawn.rows)) < 0.85 * drawn.probability]
            share = log.rng.beta(3.5, 1.3, len(earlier))
            log.add("flu_vaccination", earlier, years * _YEAR + 4 + share * (season - 2))


def _add_maternity(log: EventLog, outcomes: Outcomes, as_at: dt.date) -> None:
    window = window_days(as_at, 12)
    drawn = outcomes.drawn["maternity_continuity_of_carer"]
    booked = _within(log.rng, len(drawn.rows), window)
    log.add("pregnancy", drawn.rows, booked)
    log.add("continuity_of_carer", drawn.rows[drawn.happened], np.maximum(1, booked[drawn.happened] * 0.8))
    again = drawn.rows[log.rng.random(len(drawn.rows)) < 0.3]
    log.add("pregnancy", again, _before(log.rng, len(again), window + 200, 3 * _YEAR))


def _add_cancers(log: EventLog, outcomes: Outcomes, as_at: dt.date) -> None:
    drawn = outcomes.drawn["cancer_early_stage"]
    window = window_days(as_at, 12)
    ago = _within(log.rng, len(drawn.rows), window)
    stage = log.rng.random(len(drawn.rows))
    stages = {
        "stage_1": drawn.happened & (stage < 0.62),
        "stage_2": drawn.happened & (stage >= 0.62),
        "stage_3": ~drawn.happened & (stage < 0.48),
        "stage_4": ~drawn.happened & (stage >= 0.48),
    }
    for category, chosen in stages.items():
        log.add("cancer_diagnosis", drawn.rows[chosen], ago[chosen], category=category)
    unstaged = np.flatnonzero(outcomes.traits["cancer_diagnosis"] & ~outcomes.traits["cancer_staged"])
    log.add("cancer_diagnosis", unstaged, _within(log.rng, len(unstaged), window), category="stage_unknown")
    cancer = outcomes.drawn["cancer_diagnosis"]
    for category in ("stage_1", "stage_2", "stage_3"):
        past = cancer.rows[log.rng.random(len(cancer.rows)) < 1.5 * cancer.probability]
        log.add("cancer_diagnosis", past, _before(log.rng, len(past), window, 6 * _YEAR), category=category)


def _add_admissions(log: EventLog, outcomes: Outcomes, as_at: dt.date) -> None:
    rows = np.repeat(np.arange(len(outcomes.admissions)), outcomes.admissions)
    # A person's admissions share the window out, so that no two fall on one day.
    begins = np.cumsum(outcomes.admissions) - outcomes.admissions
    share = (
        np.arange(len(rows)) - begins[rows] + log.rng.uniform(0.05, 0.95, len(rows))
    ) / outcomes.admissions[rows]
    ago = 1 + share * (window_days(as_at, 36) - 3)
    log.add("copd_emergency_admission", rows, ago)
    older = rows[log.rng.random(len(rows)) < 0.5]
    log.add("copd_emergency_admission", older, _before(log.rng, len(older), window_days(as_at, 36), 700))


def _add_measurements(log: EventLog, outcomes: Outcomes, model: Model, as_at: dt.date) -> None:
    adult = log.people.age >= ADULT
    ill = np.logical_or.reduce([outcomes.traits[trait] for trait in DIAGNOSES])
    window = window_days(as_at, 12)
    recent = _plan_recent(log, outcomes, model, adult, ill)
    visit = _within(log.rng, len(log.people), window)
    for name in HEALTH_CHECK_PARTS:
        spec = model.measurements[name]
        count = log.rng.poisson(spec.earlier * np.where(ill, 1.8, 0.8)) * adult
        earlier = np.repeat(np.arange(len(adult)), count)
        now = np.flatnonzero(recent[name])
        if name == "smoking_status":
            _add_smoking(log, outcomes, now, visit, earlier, window)
            continue
        before = _before(log.rng, len(earlier), window, 8 * _YEAR)
        if name == "blood_pressure":
            _add_pressures(log, now, visit[now], _controlled(outcomes, len(adult)))
            _add_pressures(log, earlier, before, np.full(len(adult), -1, dtype=np.int8))
        else:
            log.add(name, now, visit[now], value=_values(log, outcomes, name, spec, now, latest=True))
            past = _values(log, outcomes, name, spec, earlier, latest=False)
            log.add(name, earlier, before, value=past)


def _plan_recent(log: EventLog, outcomes: Outcomes, model: Model, adult: Mask, ill: Mask) -> dict[str, Mask]:
    """Who has each measurement within 12 months, so that checks and control come out as drawn."""
    recent = {}
    for name in HEALTH_CHECK_PARTS:
        spec = model.measurements[name]
        chance = np.where(ill, spec.recent_ltc, spec.recent)
        recent[name] = adult & (log.rng.random(len(adult)) < chance)
    check = outcomes.drawn["smi_annual_health_check"]
    for name in HEALTH_CHECK_PARTS:
        recent[name][check.rows[check.happened]] = True
    missed = check.rows[~check.happened]
    left_out = np.floor(log.rng.random(len(missed)) * len(_OPTIONAL_PARTS))
    for at, name in enumerate(_OPTIONAL_PARTS):
        recent[name][missed[left_out == at]] = False
    recent["smoking_status"] &= outcomes.traits["smoking_on_record"]
    for service, name in (
        ("hypertension_blood_pressure_control", "blood_pressure"),
        ("cvd_cholesterol_control", "cholesterol"),
    ):
        drawn = outcomes.drawn[service]
        recent[name][drawn.rows[drawn.happened]] = True
    return recent


def _controlled(outcomes: Outcomes, count: int) -> npt.NDArray[np.int8]:
    """1 where hypertension is controlled, 0 where it is not, -1 without it."""
    state = np.full(count, -1, dtype=np.int8)
    drawn = outcomes.drawn["hypertension_blood_pressure_control"]
    state[drawn.rows] = drawn.happened
    return state


def _add_pressures(
    log: EventLog, rows: Rows, days_ago: npt.NDArray[np.float64], state: npt.NDArray[np.int8]
) -> None:
    """Systolic and diastolic readings of one moment, above or below the target as the state says."""
    age, known = log.people.age[rows], state[rows]
    mean = np.where(known == 1, 128.0, np.where(known == 0, 152.0, 112.0 + 0.25 * age))
    systolic = np.round(log.rng.normal(mean, np.where(known == -1, 12.0, 9.0)))
    diastolic = np.round(0.55 * systolic + log.rng.normal(5.0, 7.0, len(rows)))
    highest_systolic, highest_diastolic = CONTROLLED_AT_MOST
    lowest_high = np.where(age >= 80, UNCONTROLLED_FROM[1], UNCONTROLLED_FROM[0])
    systolic = np.where(known == 1, np.minimum(systolic, highest_systolic), systolic)
    systolic = np.where(known == 0, np.maximum(systolic, lowest_high), systolic)
    diastolic = np.where(known == 1, np.minimum(diastolic, highest_diastolic), diastolic)
    log.add("systolic_blood_pressure", rows, days_ago, value=np.clip(systolic, 80, 240))
    log.add("diastolic_blood_pressure", rows, days_ago, value=np.clip(diastolic, 40, 140))


def _values(
    log: EventLog, outcomes: Outcomes, name: str, spec: Measurement, rows: Rows, *, latest: bool
) -> FloatArray:
    value = log.rng.normal(spec.mean, spec.sd, len(rows))
    if name == "hba1c":
        raised = outcomes.traits["diabetes"][rows]
        value = np.where(raised, 57.0 + (value - spec.mean) * 3.2, value)
    if name == "cholesterol" and latest:
        state = np.full(len(log.people), -1, dtype=np.int8)
        drawn = outcomes.drawn["cvd_cholesterol_control"]
        state[drawn.rows] = drawn.happened
        treated = np.minimum(4.2 + 0.6 * (value - spec.mean), CHOLESTEROL_TARGET)
        untreated = np.maximum(5.9 + 0.6 * (value - spec.mean), CHOLESTEROL_TARGET + 0.1)
        value = np.where(state[rows] == 1, treated, np.where(state[rows] == 0, untreated, value))
    return np.asarray(np.round(np.clip(value, spec.lowest, spec.highest), spec.decimals))


def _add_smoking(
    log: EventLog, outcomes: Outcomes, now: Rows, visit: FloatArray, earlier: Rows, window: int
) -> None:
    """Latest status as drawn: within 12 months, or within five years before; older ones before that."""
    people, smokes = log.people, outcomes.traits["current_smoker"]
    on_record = outcomes.traits["smoking_on_record"]
    has_now = np.zeros(len(people), dtype=bool)
    has_now[now] = True
    rest = np.flatnonzero(on_record & ~has_now)
    former = log.rng.random(len(people)) < np.interp(people.age, [16, 40, 75], [0.04, 0.26, 0.45])
    _add_statuses(log, now, visit[now], smokes, former)
    _add_statuses(log, rest, _before(log.rng, len(rest), window, 4 * _YEAR), smokes, former)
    older = earlier[on_record[earlier]]
    # Some of those who gave up still smoked then.
    smoked_then = smokes | (former & (log.rng.random(len(people)) < 0.4))
    _add_statuses(
        log, older, _before(log.rng, len(older), window + 4 * _YEAR, 5 * _YEAR), smoked_then, former
    )


def _add_statuses(log: EventLog, rows: Rows, days_ago: FloatArray, smokes: Mask, former: Mask) -> None:
    current, ex = smokes[rows], former[rows] & ~smokes[rows]
    for category, chosen in (
        ("current_smoker", current),
        ("ex_smoker", ex),
        ("never_smoked", ~current & ~ex),
    ):
        log.add("smoking_status", rows[chosen], days_ago[chosen], category=category)
