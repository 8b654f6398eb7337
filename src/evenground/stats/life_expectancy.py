"""How long people live, and how much of it in good health."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_numbers,
    require_rows,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups

AGE_BAND_STARTS: Final = (0, 1, *range(5, 95, 5))
"""Where the 20 bands of the field's abridged life table start: 0, 1 to 4, 5 to 9, ... and 90 and over."""

RADIX: Final = 100_000
"""The births that a life table follows."""

WIDEST_INTERVAL: Final = 20.0
"""A life expectancy whose 95 % interval is wider than these years is withheld."""

FEWEST_PEOPLE: Final = 5000
"""Life expectancy is withheld for this many people or fewer."""

OPEN_BAND_VARIANCES: Final = ("silcocks", "ons", "none")
"""How the sampling variance of the last, open band is taken."""


class LifeTable(NamedTuple):
    """A period life table: arrays in the shape of the deaths it was made from.

    Attributes
    ----------
    mortality_rate
        Deaths over population (m).
    probability_of_dying
        Of those who reach the band, the share who die in it (q); 1 in the open band.
    variance_of_dying
        The sampling variance of ``probability_of_dying``; 0 in the open band.
    survivors, deaths
        Of 100,000 births: those who reach the band (l) and those who die in it (d).
    person_years, person_years_above
        Years that they live in the band (L), and in it and all older ones (T).
    life_expectancy
        Years that somebody who reaches the band can expect to live (e).
    standard_error
        Of the life expectancy, in years.
    """

    mortality_rate: Floats
    probability_of_dying: Floats
    variance_of_dying: Floats
    survivors: Floats
    deaths: Floats
    person_years: Floats
    person_years_above: Floats
    life_expectancy: Floats
    standard_error: Floats


class _Bands(NamedTuple):
    """The closed bands, as columns: their years, and the share of them that those who die in one live."""

    width: Floats
    fraction_lived: Floats
    number: int


class _Mortality(NamedTuple):
    """Mortality with a row for each band and a column for each group."""

    deaths: Floats
    population: Floats
    dying: Floats
    surviving: Floats
    variance: Floats
    lived: Floats  # years in the band for each person who reaches it
    bands: _Bands


class _Layout(NamedTuple):
    """How the caller's arrays become a row for each band, and back."""

    rows: Groups
    shape: tuple[int, ...]
    bands: int

    def by_band(self, values: Floats) -> Floats:
        return np.ascontiguousarray(self.rows.arrange(values).reshape(-1, self.bands).T)

    def as_given(self, by_band: NDArray[np.generic]) -> NDArray[np.generic]:
        flat = by_band.T.ravel()
        if self.rows.order is not None:
            arranged, flat = flat, np.empty_like(flat)
            flat[self.rows.order] = arranged
        return flat.reshape(self.shape)


def calculate_life_table(
    deaths: ArrayLike,
    population: ArrayLike,
    *,
    band_starts: ArrayLike = AGE_BAND_STARTS,
    fraction_lived: ArrayLike | None = None,
    open_band_variance: str = "silcocks",
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
) -> LifeTable:
    """Chiang's abridged period life table, with nothing withheld.

    Parameters
    ----------
    deaths, population, band_starts, fraction_lived, open_band_variance, groups, offsets
        As for ``calculate_life_expectancy``.

    Returns
    -------
    LifeTable
        NaN in every band of a group where one of its counts is NaN or one of its populations is 0.
        Without deaths in the open band the years lived in it, and in all before it, are infinite.
        Life expectancy is that of somebody who reaches the band, so it stands even where the table
        has no survivors left because all who reached an earlier band died in it.

    Raises
    ------
    InputError
        As for ``calculate_life_expectancy``.

    References
    ----------
    Chiang CL. The life table and its applications. Krieger 1984, pp. 113-34. Silcocks PBS, Jenner DA,
    Reza R. J Epidemiol Community Health 2001;55:38-43.

    Examples
    --------
    >>> table = calculate_life_table([10, 30, 60], [10_000, 9_000, 1_000], band_starts=[0, 1, 60])
    >>> print(table.survivors.round(1))
    [100000.   99900.1  82012.1]
    >>> print(table.life_expectancy.round(2))
    [68.33 67.4  16.67]
    """
    _require_open_band_variance(open_band_variance)
    d, n = _require_counts(deaths, population)
    bands = _require_bands(band_starts, fraction_lived)
    layout = _lay_out(d.shape, bands, groups, offsets)
    d, n = layout.by_band(d), layout.by_band(n)
    mortality = _find_mortality(d, n, bands)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        expected = _sum_from_oldest(mortality.lived.copy(), mortality.surviving)
        variance = _mortality_variance(mortality, expected, np.float64(1.0), open_band_variance)
        parts = _follow_births(mortality, expected)
        columns = (*parts, expected, np.sqrt(variance))
    # One unknown band makes the whole table unknown; by itself it would spare the older ones.
    unknown = np.isnan((d + n).sum(axis=0)) | (n == 0).any(axis=0)
    known = (np.where(unknown, np.nan, column) for column in columns)
    return LifeTable(*(np.asarray(layout.as_given(column), np.float64) for column in known))


def calculate_life_expectancy(
    deaths: ArrayLike,
    population: ArrayLike,
    *,
    band_starts: ArrayLike = AGE_BAND_STARTS,
    fraction_lived: ArrayLike | None = None,
    open_band_variance: str = "silcocks",
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    widest_interval: float | None = WIDEST_INTERVAL,
    fewest_people: float | None = FEWEST_PEOPLE,
) -> Estimate:
    """Years that people who reach an age can expect to live, at the mortality of the period.

    Parameters
    ----------
    deaths
        Deaths by age band, from the youngest to the open one: shape (..., bands), or (rows,) with
        ``groups`` or ``offsets``. NaN is missing; a band in which nobody died is 0.
    population
        Person-years lived in each band: the people, summed over the years that the deaths come from.
    band_starts
        The age at which each band starts, rising; the last band is open. Any number of bands.
    fraction_lived
        The share of a band that those who die in it live of it, for each band or one for all; the open
        band's is not used. Unless told: 0.1 for a band that starts at birth, 0.5 for the others.
    open_band_variance
        ``silcocks`` (the field's), ``ons`` (binomial: that times 1 - m) or ``none`` (Chiang's own).
    groups
        A label for each row, in any order, but each group's rows from the youngest to the oldest band.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.
    widest_interval
        A figure whose 95 % interval is wider than these years is withheld, whatever level is asked for.
        None withholds none.
    fewest_people
        A group of this many person-years or fewer is withheld. None withholds none.

    Returns
    -------
    Estimate
        Years, of the same shape as the deaths: what remains to those who reach the start of each band.
        NaN with a reason: ``missing`` where a count of the group is NaN, ``no_population`` where a band
        has none, ``too_few_people``, ``no_deaths_in_open_band``, ``interval_too_wide``, and
        ``not_estimable`` where a band has more deaths than people.

    Raises
    ------
    InputError
        Where a count is negative or infinite (rows are named), the bands of the data are not those of
        ``band_starts`` (groups are named), or a choice is not known.

    References
    ----------
    Chiang CL. The life table and its applications. Krieger 1984, pp. 113-34. Silcocks PBS, Jenner DA,
    Reza R. Life expectancy as a summary of mortality in a population. J Epidemiol Community Health
    2001;55:38-43, appendix. Eayres D, Williams ES. Evaluation of methodologies for small area life
    expectancy estimation. J Epidemiol Community Health 2004;58:243-9. Toson B, Baker A. Life expectancy
    at birth: methodological options for small populations. ONS 2003 (the 5,000 person-years).

    Examples
    --------
    >>> deaths = [17, 9, 4, 8, 20, 15, 24, 33, 50, 71,
    ...           100, 163, 263, 304, 536, 872, 1390, 1605, 1936, 1937]
    >>> people = [7060, 35059, 46974, 48489, 43219, 38561, 46009, 57208, 61435, 55601,
    ...           50209, 56416, 46411, 39820, 37978, 37039, 33288, 23306, 11936, 11936]
    >>> years = calculate_life_expectancy(deaths, people)
    >>> print(f"{years.value[0]:.2f} ({years.lower_cl[0]:.2f} to {years.upper_cl[0]:.2f})")
    80.17 (79.88 to 80.46)
    """
    _require_open_band_variance(open_band_variance)
    d, n = _require_counts(deaths, population)
    bands = _require_bands(band_starts, fraction_lived)
    layout = _lay_out(d.shape, bands, groups, offsets)
    mortality = _find_mortality(layout.by_band(d), layout.by_band(n), bands)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        expected = _sum_from_oldest(mortality.lived.copy(), mortality.surviving)
        variance = _mortality_variance(mortality, expected, np.float64(1.0), open_band_variance)
    known = _why_unknown(mortality, fewest_people)
    return _estimate(layout, expected, variance, known, widest_interval, confidence_level)


def calculate_healthy_life_expectancy(
    deaths: ArrayLike,
    population: ArrayLike,
    share_in_good_health: ArrayLike,
    sample_size: ArrayLike,
    *,
    band_starts: ArrayLike = AGE_BAND_STARTS,
    fraction_lived: ArrayLike | None = None,
    include_mortality_variance: bool = False,
    open_band_variance: str = "silcocks",
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    widest_interval: float | None = WIDEST_INTERVAL,
    fewest_people: float | None = FEWEST_PEOPLE,
) -> Estimate:
    """Years in good health that people who reach an age can expect, by Sullivan's method.

    Parameters
    ----------
    deaths, population, band_starts, fraction_lived, groups, offsets, confidence_level, fewest_people
        As for ``calculate_life_expectancy``.
    share_in_good_health
        Of each band, from 0 to 1; of a shape that broadcasts with the deaths, so that one survey serves
        many areas. The share free of disability gives disability-free life expectancy. Weighted, where
        the survey is.
    sample_size
        The unweighted respondents behind each share. For a clustered or weighted survey the effective
        number, share times its complement over the share's squared standard error.
    include_mortality_variance
        Add the sampling variance of the deaths. The field leaves it out: the survey's is far larger,
        unless the population is small.
    open_band_variance
        As for ``calculate_life_expectancy``; of effect only with the mortality variance.
    widest_interval
        Of the 95 % interval of the healthy years; None withholds none.

    Returns
    -------
    Estimate
        Years, of the same shape as the deaths. The reasons are those of ``calculate_life_expectancy``,
        and ``too_few_values`` where a band has no respondents.

    Raises
    ------
    InputError
        As for ``calculate_life_expectancy``, and where a share lies outside 0 to 1; rows are named.

    References
    ----------
    Sullivan DF. A single index of mortality and morbidity. HSMHA Health Rep 1971;86:347-54. Jagger C,
    Van Oyen H, Robine JM. Health expectancy calculation by the Sullivan method: a practical guide. 2014.
    Mathers C. Health expectancies in Australia 1981 and 1988. AIHW 1991 (the variance).

    Examples
    --------
    >>> years = calculate_healthy_life_expectancy(
    ...     [10, 30, 60], [10_000, 9_000, 1_000], [0.98, 0.9, 0.5], [200, 400, 100],
    ...     band_starts=[0, 1, 60])
    >>> print(f"{years.value[0]:.2f} ({years.lower_cl[0]:.2f} to {years.upper_cl[0]:.2f})")
    56.11 (54.04 to 58.18)
    """
    _require_open_band_variance(open_band_variance)
    d, n, share, sample = _require_survey(deaths, population, share_in_good_health, sample_size)
    bands = _require_bands(band_starts, fraction_lived)
    layout = _lay_out(d.shape, bands, groups, offsets)
    d, n, share, sample = (layout.by_band(values) for values in (d, n, share, sample))
    mortality = _find_mortality(d, n, bands)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        expected = _sum_from_oldest(mortality.lived * share, mortality.surviving)
        own = mortality.lived**2 * share * (1 - share) / sample
        variance = _sum_from_oldest(own, mortality.surviving**2)
        if include_mortality_variance:
            variance += _mortality_variance(mortality, expected, share, open_band_variance)
    known = _why_unknown(mortality, fewest_people)
    known["missing"] = known["missing"] | np.isnan((share + sample).sum(axis=0))
    known["too_few_values"] = (sample == 0).any(axis=0)
    return _estimate(layout, expected, variance, known, widest_interval, confidence_level)


def _require_counts(deaths: ArrayLike, population: ArrayLike) -> list[Floats]:
    return require_same_shape(
        deaths=require_counts("deaths", deaths), population=require_counts("population", population)
    )


def _require_survey(
    deaths: ArrayLike, population: ArrayLike, share: ArrayLike, sample_size: ArrayLike
) -> list[Floats]:
    d, n = _require_counts(deaths, population)
    good = require_counts("share_in_good_health", share)
    require_rows(good <= 1, good, "share_in_good_health is above 1 (write 80 % as 0.8)")
    sample = require_counts("sample_size", sample_size)
    require_same_shape(deaths=d, population=n, share_in_good_health=good, sample_size=sample)
    try:
        return [d, n, np.broadcast_to(good, d.shape), np.broadcast_to(sample, d.shape)]
    except ValueError as error:
        raise InputError(
            f"share_in_good_health {good.shape} and sample_size {sample.shape} must fit the deaths {d.shape}."
        ) from error


def _require_open_band_variance(name: str) -> None:
    if name not in OPEN_BAND_VARIANCES:
        known = suggest(name, OPEN_BAND_VARIANCES)
        raise InputError(f'The open_band_variance "{name}" is not known. {known}')


def _require_bands(band_starts: ArrayLike, fraction_lived: ArrayLike | None) -> _Bands:
    starts = require_numbers("band_starts", band_starts)
    if starts.ndim != 1 or not starts.size or not np.all(np.diff(starts) > 0) or not starts[0] >= 0:
        raise InputError(
            f"band_starts must be ages that rise from band to band, but {starts.tolist()} was given."
        )
    if fraction_lived is None:
        fraction = np.where(starts == 0, 0.1, 0.5)
    else:
        fraction = require_numbers("fraction_lived", fraction_lived)
    if fraction.shape not in ((), starts.shape) or not np.all((fraction >= 0) & (fraction <= 1)):
        raise InputError(
            f"fraction_lived must be one share from 0 to 1, or one for each of the {starts.size} bands."
        )
    closed = np.broadcast_to(fraction, starts.shape)[:-1, None]
    return _Bands(np.diff(starts)[:, None], closed, starts.size)


def _lay_out(
    shape: tuple[int, ...], bands: _Bands, groups: ArrayLike | None, offsets: ArrayLike | None
) -> _Layout:
    rows = find_groups(shape, groups, offsets)
    wrong = np.flatnonzero(rows.sizes != bands.number)
    if wrong.size and groups is None and offsets is None:
        raise InputError(
            f"The last axis of the data has {shape[-1] if shape else 1} bands, but band_starts has "
            f"{bands.number}. Give band_starts the ages that the data's bands start at."
        )
    if wrong.size:
        labels = wrong if rows.labels is None else rows.labels[wrong]
        named = ", ".join(str(label) for label in labels[:10]) + (", ..." if wrong.size > 10 else "")
        raise InputError(
            f"Each group must have the {bands.number} bands of band_starts, but {wrong.size} do not: "
            f"{named}. Add a row for each absent band (0 deaths where nobody died), or leave the group out."
        )
    return _Layout(rows, shape, bands.number)


def _find_mortality(d: Floats, n: Floats, bands: _Bands) -> _Mortality:
    dying, variance, lived = np.ones_like(d), np.zeros_like(d), np.empty_like(d)
    lost = bands.width * (1 - bands.fraction_lived)
    # In place from here: at this size a fresh array costs more than the sum that fills it.
    with np.errstate(invalid="ignore", divide="ignore"):
        # The probability for each death: with it a band without deaths has a variance of 0, not 0 / 0.
        per_death = lost * d[:-1]
        per_death += n[:-1]
        np.divide(bands.width, per_death, out=per_death)
        np.multiply(d[:-1], per_death, out=dying[:-1])
        # Chiang's formula exceeds 1 where a mortality rate is above 1 / (years times the share lived).
        np.minimum(dying[:-1], 1.0, out=dying[:-1])
        surviving = 1 - dying
        np.multiply(dying[:-1], surviving[:-1], out=variance[:-1])
        variance[:-1] *= per_death
        np.multiply(dying[:-1], -lost, out=lived[:-1])
        lived[:-1] += bands.width
        np.divide(n[-1], d[-1], out=lived[-1])
    return _Mortality(d, n, dying, surviving, variance, lived, bands)


def _sum_from_oldest(own: Floats, survive: Floats) -> Floats:
    """What each band adds, and what the next has for those who reach it; in place."""
    for band in range(len(own) - 2, -1, -1):
        own[band] += survive[band] * own[band + 1]
    return own


def _mortality_variance(
    mortality: _Mortality, expected: Floats, share: Floats | np.float64, open_band_variance: str
) -> Floats:
    good = np.broadcast_to(share, expected.shape)
    # A death costs what is left of its band and all that the next would have brought.
    own = np.empty_like(expected)
    np.multiply((1 - mortality.bands.fraction_lived) * mortality.bands.width, good[:-1], out=own[:-1])
    own[:-1] += expected[1:]
    own[:-1] *= own[:-1]
    own[:-1] *= mortality.variance[:-1]
    own[-1] = 0.0
    if open_band_variance != "none":
        own[-1] = (good[-1] * mortality.lived[-1]) ** 2 / mortality.deaths[-1]
    if open_band_variance == "ons":
        own[-1] *= 1 - mortality.deaths[-1] / mortality.population[-1]
    return _sum_from_oldest(own, mortality.surviving**2)


def _follow_births(mortality: _Mortality, expected: Floats) -> tuple[Floats, ...]:
    survivors = np.full_like(expected, RADIX)
    survivors[1:] *= np.cumprod(mortality.surviving[:-1], axis=0)
    return (
        mortality.deaths / mortality.population,
        mortality.dying,
        mortality.variance,
        survivors,
        survivors * mortality.dying,
        survivors * mortality.lived,
        survivors * expected,
    )


def _why_unknown(mortality: _Mortality, fewest_people: float | None) -> dict[str, NDArray[np.bool_]]:
    d, n = mortality.deaths, mortality.population
    people = n.sum(axis=0)
    fewest = -1.0 if fewest_people is None else fewest_people
    return {
        "missing": np.isnan(d.sum(axis=0) + people),
        "no_population": (n == 0).any(axis=0),
        "too_few_people": people <= fewest,
        "no_deaths_in_open_band": d[-1] == 0,
        "not_estimable": (d > n).any(axis=0),
    }


def _estimate(
    layout: _Layout,
    expected: Floats,
    variance: Floats,
    known: dict[str, NDArray[np.bool_]],
    widest_interval: float | None,
    confidence_level: ArrayLike,
) -> Estimate:
    error = np.sqrt(variance)
    widest = np.inf if widest_interval is None else widest_interval
    known["interval_too_wide"] = error > widest / (2 * special.ndtri(0.975))
    found = {reason: where for reason, where in known.items() if where.any()}
    reasons = reasons_for(expected.shape, **found)
    value, error = (np.asarray(layout.as_given(part), np.float64) for part in (expected, error))
    codes = np.asarray(layout.as_given(reasons), np.int8)
    half_width = special.ndtri(0.5 + require_confidence_level(confidence_level) / 2) * error
    with np.errstate(invalid="ignore"):
        limits = value - half_width, value + half_width
    return Estimate.of(value, *limits, np.broadcast_to(codes, half_width.shape), error)
