"""People from margins: who lives where, of what age, sex and ethnic group, registered with whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from evenground.sources.synthetic.margins import RECORDED_GROUPS, SEXES, IntArray, Margins
from evenground.sources.synthetic.model import FaultShares
from evenground.vocabulary import AGE_BANDS

NO_FIXED_ABODE: Final = -1
NO_PRACTICE: Final = -1
HERE, DIED, LEFT = 0, 1, 2

_BAND_YEARS: Final = 5
_LAST_BAND_START: Final = 90
_OLDEST: Final = 104
_EPOCH: Final = dt.date(1970, 1, 1)

# Relative chance of each ethnic group at the middle of childhood, at 40 and from 75: communities that came
# within two generations are younger than the rest. An assumption, like all of model.toml.
_YOUNGER: Final = {
    "B": (0.6, 0.9, 1.6),
    "H": (1.0, 1.3, 0.7),
    "M": (0.7, 1.0, 1.0),
    "C": (1.1, 1.5, 0.35),
    **dict.fromkeys("DEFG", (2.2, 0.8, 0.2)),
    **dict.fromkeys("JKL", (1.6, 1.1, 0.4)),
    **dict.fromkeys("NPRS", (1.4, 1.3, 0.25)),
}


@dataclass(frozen=True, slots=True)
class People:
    """One array entry a person.

    Attributes
    ----------
    lsoa, ethnic_group, practice
        Row of the margins' areas (``NO_FIXED_ABODE`` where none), index into ``RECORDED_GROUPS``, row of the
        margins' practices.
    age
        Completed years at ``last_day``.
    birth_day, last_day
        Days since 1970. ``last_day`` is the date of the data, or the day the person died or left.
    status
        ``HERE``, ``DIED`` or ``LEFT``.
    """

    lsoa: npt.NDArray[np.int32]
    age: npt.NDArray[np.int32]
    female: npt.NDArray[np.bool_]
    ethnic_group: npt.NDArray[np.int8]
    practice: npt.NDArray[np.int32]
    birth_day: npt.NDArray[np.int32]
    last_day: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.lsoa)

    @property
    def resident(self) -> npt.NDArray[np.bool_]:
        """Who is counted in the margins: alive, here, with an LSOA."""
        return np.asarray((self.status == HERE) & (self.lsoa != NO_FIXED_ABODE))

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """These people in this order."""
        return replace(self, **{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def followed_by(self, *others: People) -> Self:
        """These people and others in one."""
        parts = (self, *others)
        return replace(
            self,
            **{one.name: np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(self)},
        )


def day_number(date: dt.date) -> int:
    """Days since 1970."""
    return (date - _EPOCH).days


def draw_people(
    margins: Margins, size: int, as_at: dt.date, faults: FaultShares, rng: np.random.Generator
) -> People:
    """The margins' people, scaled to ``size``, then those with no fixed abode, those who died and who left.

    At the margins' own size every count by LSOA, age band and sex, and by LSOA and ethnic group, is met
    exactly. At another size each LSOA's total is within one of its share and smaller cells are sampled
    systematically, which keeps rare groups that rounding each cell would remove.
    """
    residents = _draw_residents(margins, size, as_at, rng)
    homeless = _draw_homeless(residents, faults.no_fixed_abode, as_at, rng)
    died = _draw_gone(residents, DIED, faults.died, as_at, rng)
    left = _draw_gone(residents, LEFT, faults.left, as_at, rng)
    return residents.followed_by(homeless, died, left)


def sample_counts(expected: npt.NDArray[np.floating[Any]], start: float) -> IntArray:
    """Whole numbers whose running sums stay within one of the expected running sums.

    Whole expected numbers come back unchanged, whatever the start (0 to 1).
    """
    running = np.floor(np.round(np.cumsum(expected), 6) + start)
    return np.asarray(np.diff(running, prepend=0.0), dtype=np.int64)


def birth_days(age: npt.NDArray[np.int32], as_at: dt.date, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """A birth day for each age such that the person has completed exactly that many years on ``as_at``."""
    last = np.array([_day_turned(as_at, years) for years in range(int(age.max(initial=0)) + 2)])
    first = last[age + 1] + 1
    span = last[age] - first + 1
    return np.asarray(first + np.floor(rng.random(len(age)) * span), dtype=np.int32)


def _draw_residents(margins: Margins, size: int, as_at: dt.date, rng: np.random.Generator) -> People:
    cells = margins.population * (size / margins.total)
    counts = sample_counts(cells.ravel(), float(rng.random()) * 0.999)
    cell = np.repeat(np.arange(counts.size), counts)
    lsoa, rest = np.divmod(cell, len(AGE_BANDS) * len(SEXES))
    band, sex = np.divmod(rest, len(SEXES))
    age = _ages(band, rng)
    total = np.bincount(lsoa, minlength=len(margins.population))
    return People(
        lsoa=lsoa.astype(np.int32),
        age=age,
        female=sex == SEXES.index("female"),
        ethnic_group=_assign_ethnic_groups(margins, lsoa, age, total, rng),
        practice=_assign_practices(margins, lsoa, rng),
        birth_day=birth_days(age, as_at, rng),
        last_day=np.full(len(lsoa), day_number(as_at), dtype=np.int32),
        status=np.full(len(lsoa), HERE, dtype=np.int8),
    )


def _ages(band: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int32]:
    start = band * _BAND_YEARS
    within = np.floor(rng.random(len(band)) * _BAND_YEARS)
    beyond = np.minimum(rng.geometric(0.25, len(band)) - 1, _OLDEST - _LAST_BAND_START)
    return np.asarray(start + np.where(start == _LAST_BAND_START, beyond, within), dtype=np.int32)


def _assign_ethnic_groups(
    margins: Margins,
    lsoa: npt.NDArray[np.int64],
    age: npt.NDArray[np.int32],
    totals: IntArray,
    rng: np.random.Generator,
) -> npt.NDArray[np.int8]:
    """Fill each LSOA's places for each group, smallest groups first, by a lottery weighted by age.

    A weighted lottery without replacement is the largest of ``log(weight) + Gumbel noise``; so the counts
    are met exactly and each group gets its own age structure.
    """
    wanted = _ethnic_counts(margins, totals, rng)
    assigned = np.zeros(len(lsoa), dtype=np.int8)
    free = np.arange(len(lsoa))
    order = np.argsort(wanted[:, 1:].sum(axis=0), kind="stable") + 1
    for group in order:
        ticket = rng.gumbel(size=len(free)) + _log_age_weight(RECORDED_GROUPS[group])[age[free]]
        home = lsoa[free]
        # Tickets stay far within 1,000, so one sort ranks them within every LSOA.
        ranked = np.argsort(home * 1_000.0 - ticket, kind="stable")
        begins = np.searchsorted(home, np.arange(len(totals)))
        winners = ranked[(np.arange(len(free)) - begins[home]) < wanted[home, group]]
        assigned[free[winners]] = group
        free = np.delete(free, winners)
    return assigned


def _ethnic_counts(margins: Margins, totals: IntArray, rng: np.random.Generator) -> IntArray:
    own = margins.ethnic_groups.sum(axis=1)
    expected = margins.ethnic_groups * (totals / np.maximum(own, 1))[:, None]
    starts = rng.random(len(totals)) * 0.999
    return np.array([sample_counts(row, start) for row, start in zip(expected, starts, strict=True)])


def _log_age_weight(group: str) -> npt.NDArray[np.float64]:
    young, adult, old = _YOUNGER.get(group, (1.0, 1.0, 1.0))
    return np.asarray(np.log(np.interp(np.arange(_OLDEST + 1), [8, 40, 75], [young, adult, old])))


def _assign_practices(
    margins: Margins, lsoa: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    practices = margins.practices.height
    if not practices:
        return np.full(len(lsoa), NO_PRACTICE, dtype=np.int32)
    weight = _practice_weights(margins)
    running = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    running[:, -1] = 1.0
    # One search over all LSOAs: each LSOA's running shares are lifted to its own interval (row, row + 1].
    lifted = (running + np.arange(len(weight))[:, None]).ravel()
    found = np.searchsorted(lifted, lsoa + rng.random(len(lsoa)) * (1 - 1e-9), side="right")
    return np.asarray(found - lsoa * practices, dtype=np.int32)


def _practice_weights(margins: Margins) -> npt.NDArray[np.float64]:
    weight = np.zeros((margins.areas.height, margins.practices.height))
    rows = {code: at for at, code in enumerate(margins.areas["lsoa_code"])}
    columns = {code: at for at, code in enumerate(margins.practices["practice_code"])}
    for lsoa, practice, patients in margins.registrations.iter_rows():
        if lsoa in rows and practice in columns:
            weight[rows[lsoa], columns[practice]] = patients
    weight[weight.sum(axis=1) == 0] = 1.0
    return weight


def _draw_homeless(residents: People, share: float, as_at: dt.date, rng: np.random.Generator) -> People:
    weight = np.where((residents.age >= 18) & (residents.age < 65), 1.0, 0.02)
    weight *= np.where(residents.female, 0.35, 1.0)
    copies = _copies(residents, weight, share, as_at, rng)
    return replace(copies, lsoa=np.full(len(copies), NO_FIXED_ABODE, dtype=np.int32))


def _draw_gone(
    residents: People, status: int, share: float, as_at: dt.date, rng: np.random.Generator
) -> People:
    """People who died or left within three years: beyond the margins, with everything before that day."""
    age = residents.age
    weight = np.exp(age / 11.0) if status == DIED else np.where((age > 17) & (age < 40), 3.0, 1.0)
    copies = _copies(residents, weight, share, as_at, rng)
    ago = 1 + np.floor(rng.random(len(copies)) * 1_094).astype(np.int32)
    return replace(
        copies,
        birth_day=copies.birth_day - ago,
        last_day=copies.last_day - ago,
        status=np.full(len(copies), status, dtype=np.int8),
    )


def _copies(
    residents: People,
    weight: npt.NDArray[np.float64],
    share: float,
    as_at: dt.date,
    rng: np.random.Generator,
) -> People:
    count = round(share * len(residents))
    running = np.cumsum(weight)
    rows = np.searchsorted(running, rng.random(count) * running[-1] * (1 - 1e-9), side="right")
    copies = residents.take(rows)
    return replace(copies, birth_day=birth_days(copies.age, as_at, rng))


def _day_turned(as_at: dt.date, years: int) -> int:
    """The last birth day of those who have completed ``years`` years on ``as_at``."""
    try:
        return day_number(as_at.replace(year=as_at.year - years))
    except ValueError:
        return day_number(dt.date(as_at.year - years, 2, 28))
