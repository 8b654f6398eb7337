"""What a reader of a release knows of each count of people: bounds, before anything is added up.

One **count** is a measure (a numerator or denominator of an indicator and period, or the population) in a
group (an area and a category of a cut). The same measure published under two names is one measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure.layers import is_whole_layer_hidden
from evenground.disclosure.policies import Policy
from evenground.disclosure.relations import GROUP
from evenground.disclosure.system import Codes, Floats
from evenground.vocabulary import EVERYONE, Basis, Cut, ValueNote, ValueType

NUMERATOR: Final = "numerator"
DENOMINATOR: Final = "denominator"
POPULATION: Final = "population"
MEASURE: Final = ("release", "indicator_id", "period", "part")
_OWN: Final = ("indicator_id", "period", "part")
_MADE_OF: Final = ("made_of", "definition")
_LEAST_ALIKE: Final = 20
_LEAST_DISTINCT: Final = 8
_PROBED: Final = 60


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody outside holds of one release.

    Attributes
    ----------
    name
        The release's id, to tell it from others.
    tables
        ``values`` and ``areas``, and ``rankings`` where there is one.
    indicators
        Of each indicator, its ``value_type`` and ``multiplier``, and its ``texts``: whatever readers are
        told of it.
    policy
        The policy that it follows: whoever reads it knows it.
    coverage
        Entries of ``coverage.json``: counts of what was read and dropped.
    made_of
        What tells that two releases count the same records: a digest of the sources and how they are read.
    """

    name: str
    tables: Mapping[str, pl.DataFrame]
    indicators: Mapping[str, IndicatorTold]
    policy: Policy
    coverage: tuple[Mapping[str, object], ...] = ()
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorTold:
    """What a release says of an indicator that an attacker can use.

    ``definition`` tells that two releases count the same people of the same records: a digest.
    """

    value_type: str
    multiplier: float = 100.0
    texts: tuple[str, ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Every count of one or more releases, each once.

    Attributes
    ----------
    groups
        ``GROUP`` and ``group``, their number.
    measures
        ``MEASURE`` and ``measure``, their number.
    index
        The count of each measure (rows) in each group (columns); -1 where there is none. A count that is
        published under several names has several places here.
    group, measure
        Of each count; the first of its measures where it has several.
    lower, upper
        What a reader knows of each count by looking at it alone.
    is_hidden
        Counts that may be of few people, and so do not stand in the release.
    is_shown
        Counts that stand in a release.
    is_out
        Counts that stand in an earlier release: nothing can hide them any more.
    pairs
        The numerators and denominators of proportions, of shape (2, pairs).
    small
        The largest count that the policies hide.
    """

    groups: pl.DataFrame
    measures: pl.DataFrame
    index: NDArray[np.int64]
    measure: Codes
    group: Codes
    lower: Floats
    upper: Floats
    is_hidden: NDArray[np.bool_]
    is_shown: NDArray[np.bool_]
    is_out: NDArray[np.bool_]
    pairs: Codes
    small: int

    def of(self, release: str) -> NDArray[np.int64]:
        """The index with the measures of one release alone."""
        own = (self.measures["release"] == release).to_numpy()
        return np.where(own[:, None], self.index, -1)


def read_counts(releases: Sequence[Published]) -> Counts:
    """Read what each count of some releases of a place may be; the first is the latest."""
    frames = [_long(one).with_columns(pl.lit(one.name).alias("release"), *_made_of(one)) for one in releases]
    rows = pl.concat(frames)
    groups = rows.select(GROUP).unique().sort(GROUP).with_row_index("group")
    measures = rows.select(*MEASURE, *_MADE_OF).unique().sort(MEASURE).with_row_index("measure")
    rows = rows.join(groups, on=GROUP, how="left", maintain_order="left").join(
        measures, on=MEASURE, how="left", maintain_order="left"
    )
    measure = rows["measure"].to_numpy().astype(np.int64)
    group = rows["group"].to_numpy().astype(np.int64)
    shown = np.full((measures.height, groups.height), np.nan)
    shown[measure, group] = rows["shown"].fill_null(np.nan).to_numpy()
    same = find_same_measures(measures, shown)
    key = same[measure] * groups.height + group
    found, first, count = np.unique(key, return_index=True, return_inverse=True)
    index = np.full((measures.height, groups.height), -1, dtype=np.int64)
    index[measure, group] = count
    lower, upper = np.full(len(found), -np.inf), np.full(len(found), np.inf)
    np.maximum.at(lower, count, rows["lower"].to_numpy())
    np.minimum.at(upper, count, rows["upper"].to_numpy())
    is_shown = np.bincount(count, rows["is_shown"].to_numpy(), len(found)) > 0
    is_earlier = rows["is_shown"].to_numpy() & (rows["release"] != releases[0].name).to_numpy()
    is_hidden = np.bincount(count, rows["is_hidden"].to_numpy(), len(found)) > 0
    types = {name: told.value_type for one in releases for name, told in one.indicators.items()}
    return Counts(
        groups=groups,
        measures=measures,
        index=index,
        measure=measure[first],
        group=group[first],
        lower=lower,
        upper=upper,
        is_hidden=is_hidden,
        is_shown=is_shown,
        is_out=np.bincount(count, is_earlier, len(found)) > 0,
        pairs=_pairs(measures, index, types),
        small=max(one.policy.suppress_to for one in releases),
    )


def _made_of(release: Published) -> tuple[pl.Expr, pl.Expr]:
    definitions = {name: told.definition for name, told in release.indicators.items()}
    return (
        pl.lit(release.made_of).alias("made_of"),
        pl.col("indicator_id")
        .replace_strict(definitions, default="", return_dtype=pl.String)
        .alias("definition"),
    )


def find_same_measures(measures: pl.DataFrame, shown: Floats) -> Codes:
    """Of each measure, the first that is the same count under another name.

    Indicators share denominators, and what one counts another may start from. Readers see that two columns
    agree wherever both are shown; so does this, by enough counts that it is not chance. A measure of two
    releases is the same where both were made of the same records.
    """
    same = np.arange(len(shown))
    names = measures.select(pl.struct(*_OWN, *_MADE_OF).rank("dense")).to_series()
    by_name = names.to_numpy().astype(np.int64)
    records = measures.select(
        pl.when(pl.col("made_of") == "").then("release").otherwise("made_of").rank("dense")
    ).to_series()
    by_records = records.to_numpy().astype(np.int64)
    known = measures["made_of"].to_numpy() != ""
    periods = measures["period"].to_numpy()
    for one in range(len(shown)):
        if same[one] != one:
            continue
        is_later = (same == np.arange(len(same))) & (np.arange(len(same)) > one)
        of_then = (periods == periods[one]) | (periods == "") | (periods[one] == "")
        candidates = np.flatnonzero(is_later & of_then & (by_records == by_records[one]))
        # Nearly all differ at once: a few groups tell.
        few = np.flatnonzero(~np.isnan(shown[one]))[:_PROBED]
        probed = shown[np.ix_(candidates, few)]
        differs = (~np.isnan(probed) & (probed != shown[one, few])).any(axis=1)
        candidates = candidates[~differs | (known[one] & (by_name[candidates] == by_name[one]))]
        alike = _agree(shown[one], shown[candidates])
        alike |= known[one] & (by_name[candidates] == by_name[one])
        same[candidates[alike]] = one
    return same


def _agree(one: Floats, others: Floats) -> NDArray[np.bool_]:
    both = ~np.isnan(one)[None, :] & ~np.isnan(others)
    differs = (both & (others != one[None, :])).any(axis=1)
    positive = both & (one > 0)[None, :]
    enough = positive.sum(axis=1) >= _LEAST_ALIKE
    enough &= len(np.unique(one[~np.isnan(one)])) >= _LEAST_DISTINCT
    return np.asarray(~differs & enough)


def shown_bounds(shown: pl.Expr, policy: Policy) -> tuple[pl.Expr, pl.Expr]:
    """The least and most that a count may be that is shown as this.

    >>> from evenground.disclosure import load_policy
    >>> pl.select(*shown_bounds(pl.lit(10), load_policy("nhs-7-5"))).row(0)
    (8.0, 12.0)
    """
    below = policy.round_to // 2
    # What the policy should have hidden is told all the same.
    least = (
        pl.when(shown > policy.suppress_to)
        .then(pl.max_horizontal(shown - below, pl.lit(policy.suppress_to + 1)))
        .otherwise(shown - below)
    )
    most = shown + (policy.round_to - 1 - below)
    is_zero = shown == 0
    return (
        pl.when(is_zero).then(0).otherwise(least).cast(pl.Float64).alias("lower"),
        pl.when(is_zero).then(0).otherwise(most).cast(pl.Float64).alias("upper"),
    )


def _long(release: Published) -> pl.DataFrame:
    """One row a count of a release, whichever of its tables tell of it: the tightest of what they say."""
    tables, policy = release.tables, release.policy
    figures = _figures(release)
    parts = [*_of_figures(figures, policy), _of_population(tables["areas"], policy)]
    further = []
    if "rankings" in tables and tables["rankings"].height:
        further = _of_rankings(tables["rankings"], figures, policy)
    names = (*_OWN, *GROUP, "shown", "lower", "upper", "is_hidden", "is_shown")
    rows = pl.concat([part.select(names) for part in parts])
    if not further:
        return rows
    key = [*_OWN, *GROUP]
    return (
        pl.concat([rows, *(part.select(names) for part in further)])
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("shown").drop_nulls().first(),
            pl.col("lower").max(),
            pl.col("upper").min(),
            pl.col("is_hidden").any(),
            pl.col("is_shown").any(),
        )
    )


def _figures(release: Published) -> pl.DataFrame:
    """The figures that the policy holds for, with denominators in people."""
    values = release.tables["values"]
    if "basis" in values.columns:
        values = values.filter(pl.col("basis") != Basis.PUBLISHED)
    values = values.filter(pl.col("cut").is_in([str(cut) for cut in Cut]))
    rates = [name for name, told in release.indicators.items() if told.value_type != ValueType.PROPORTION]
    years = {
        name: _years(values.filter(pl.col("indicator_id") == name)["denominator"], release.policy.round_to)
        for name in rates
    }
    if any(count > 1 for count in years.values()):
        pooled = pl.col("indicator_id").replace_strict(years, default=1, return_dtype=pl.Int64)
        values = values.with_columns(pl.col("denominator") // pooled)
    return values.with_columns(pl.col("indicator_id").is_in(rates).alias("is_rate"))


def _years(denominators: pl.Series, round_to: int) -> int:
    """How many years a rate pools: person-years of everybody are all multiples of it."""
    shown = denominators.drop_nulls().unique().to_numpy()
    if len(shown) < _LEAST_ALIKE:
        return 1
    common = int(np.gcd.reduce(shown))
    return next((years for years in range(5, 1, -1) if common % (round_to * years) == 0), 1)


def _of_figures(figures: pl.DataFrame, policy: Policy) -> list[pl.DataFrame]:
    """Numerators and denominators, each with what it may be."""
    figures = figures.with_columns(is_whole_layer_hidden(figures))
    nobody = pl.col("value_note") == ValueNote.MISSING
    in_unknown = pl.col("denominator").is_null()
    least, most = _hidden_bounds(pl.col("value_note") == ValueNote.SUPPRESSED_SECONDARY, policy)
    if not policy.names_reasons:
        # Where a layer is withheld whole, so are its zeros.
        least = pl.when(pl.col("is_whole_layer")).then(0.0).otherwise(least)
    # Few people may have many events, and what is left of a hidden denominator may be anything.
    of_rate = pl.when(in_unknown & pl.col("is_rate")).then(np.inf).otherwise(most)
    rest = pl.when(in_unknown).then(0.0).otherwise(least)
    return [
        _count(figures, NUMERATOR, pl.col("numerator"), nobody, (rest, of_rate), policy),
        _count(figures, DENOMINATOR, pl.col("denominator"), nobody, (least, most), policy),
    ]


def _hidden_bounds(is_secondary: pl.Expr, policy: Policy) -> tuple[pl.Expr, pl.Expr]:
    """What a reader knows of a hidden count: little, unless the release says why it is hidden."""
    least = 0.0 if policy.hides_zero else float(policy.suppress_from)
    if not policy.secondary:
        return pl.lit(least), pl.lit(float(policy.suppress_to))
    if not policy.names_reasons:
        return pl.lit(least), pl.lit(np.inf)
    larger = float(policy.suppress_to + 1)
    return (
        pl.when(is_secondary).then(larger).otherwise(least),
        pl.when(is_secondary).then(np.inf).otherwise(float(policy.suppress_to)),
    )


def _count(
    frame: pl.DataFrame,
    part: str,
    shown: pl.Expr,
    nobody: pl.Expr,
    hidden: tuple[pl.Expr, pl.Expr],
    policy: Policy,
) -> pl.DataFrame:
    lower, upper = shown_bounds(shown, policy)
    is_shown = shown.is_not_null()
    own = [name for name in ("indicator_id", "period") if name in frame.columns]
    return frame.select(
        *own,
        *(pl.lit("").alias(name) for name in ("indicator_id", "period") if name not in own),
        *GROUP,
        pl.lit(part).alias("part"),
        shown.cast(pl.Float64).alias("shown"),
        pl.when(is_shown).then(lower).otherwise(hidden[0]).alias("lower"),
        pl.when(is_shown).then(upper).otherwise(hidden[1]).alias("upper"),
        (~is_shown & ~nobody).alias("is_hidden"),
        is_shown.alias("is_shown"),
    )


def _of_population(areas: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    own = areas.filter(pl.col("population_note") != ValueNote.MISSING).with_columns(
        pl.lit(str(Cut.ALL)).alias("cut"), pl.lit(EVERYONE).alias("category")
    )
    is_secondary = pl.col("population_note") == ValueNote.SUPPRESSED_SECONDARY
    nobody = pl.lit(value=False)
    return _count(own, POPULATION, pl.col("population"), nobody, _hidden_bounds(is_secondary, policy), policy)


def _of_rankings(rankings: pl.DataFrame, figures: pl.DataFrame, policy: Policy) -> list[pl.DataFrame]:
    """The counts of ranked communities: they stand among the figures as well, and must not say more there."""
    latest = figures.group_by("indicator_id").agg(pl.col("period").max())
    by_group = pl.col("ethnic_group").is_not_null()
    rows = rankings.join(latest, left_on="service_id", right_on="indicator_id", how="inner").with_columns(
        pl.col("service_id").alias("indicator_id"),
        pl.when(by_group).then(pl.lit(str(Cut.ETHNIC_GROUP))).otherwise(pl.lit(str(Cut.ALL))).alias("cut"),
        pl.col("ethnic_group").fill_null(EVERYONE).alias("category"),
    )
    nothing = (pl.lit(0.0), pl.lit(np.inf))
    return [
        _count(
            rows.filter(pl.col(column).is_not_null()),
            part,
            pl.col(column),
            pl.lit(value=False),
            nothing,
            policy,
        )
        for column, part in (("reached", NUMERATOR), ("eligible", DENOMINATOR))
    ]


def _pairs(measures: pl.DataFrame, index: NDArray[np.int64], value_types: Mapping[str, str]) -> Codes:
    shares = [name for name, kind in value_types.items() if kind == ValueType.PROPORTION]
    own = measures.filter(pl.col("indicator_id").is_in(shares))
    keys = ["release", "indicator_id", "period"]
    numerators, denominators = (
        own.filter(pl.col("part") == part).select(*keys, pl.col("measure").alias(part))
        for part in (NUMERATOR, DENOMINATOR)
    )
    both = numerators.join(denominators, on=keys, how="inner").sort(NUMERATOR)
    n, d = index[both[NUMERATOR].to_numpy()], index[both[DENOMINATOR].to_numpy()]
    together = (n >= 0) & (d >= 0)
    return np.unique(np.stack([n[together], d[together]]), axis=1)
