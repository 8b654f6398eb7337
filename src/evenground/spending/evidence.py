"""What reaching people is worth, beside need and gap, and who would be passed over by worth alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import stats

from evenground.errors import Fault, InputError, suggest
from evenground.spending.communities import (
    Communities,
    Flags,
    Floats,
    check_communities,
    find_key_faults,
    raise_faults,
)
from evenground.spending.deliverability import describe_delivery
from evenground.spending.draws import find_spread
from evenground.spending.records import Deliverability, Evidence

_SERVICE: Final = "service_id"
_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Worth:
    """The gain for each additional person reached in each community, NaN where no record tells it.

    Attributes
    ----------
    gain, spread
        Shape (communities,): the mean and its standard deviation.
    record
        The id of the record, or none.
    units
        Of the gain, for each community.
    """

    gain: Floats
    spread: Floats
    record: tuple[str | None, ...]
    units: tuple[str | None, ...]

    @property
    def unit(self) -> str:
        """Of all gains; empty where there are none, or several units."""
        units = {unit for unit in self.units if unit}
        return units.pop() if len(units) == 1 else ""

    @property
    def is_complete(self) -> bool:
        """Whether it is known of every community, in one unit."""
        return bool(self.unit) and not np.isnan(self.gain).any()


def find_worth(communities: Communities, evidence: Sequence[Evidence], service: str | None = None) -> Worth:
    """What the records say of each community's service; of several that fit, the one with more keys.

    Parameters
    ----------
    communities
        With a column ``service_id``, or all of one ``service``.
    evidence
        The records.
    service
        The service's id where the table does not say it.
    """
    count = len(communities.missing)
    gain, spread = np.full(count, np.nan), np.zeros(count)
    names: list[str | None] = [None] * count
    for one in sorted(evidence, key=lambda one: (len(one.applies_to), one.id)):
        chosen = _of_service(communities, one.service, service)
        if not set(one.applies_to) <= set(communities.frame.columns) or not chosen.any():
            continue
        chosen &= communities.match(one.applies_to)
        gain[chosen], spread[chosen] = one.gain.value, find_spread(one.gain)
        names = [one.id if fits else name for fits, name in zip(chosen, names, strict=True)]
    by_id = {one.id: one.unit for one in evidence}
    return Worth(gain, spread, tuple(names), tuple(by_id[name] if name else None for name in names))


def _of_service(communities: Communities, wanted: str, service: str | None) -> Flags:
    if _SERVICE in communities.frame.columns:
        return communities.match({_SERVICE: (wanted,)})
    return np.full(len(communities.missing), wanted == service)


def find_evidence_faults(
    communities: Communities, evidence: Sequence[Evidence], service: str | None
) -> Iterator[Fault]:
    """Why the benefit cannot be maximised: services without evidence, or gains in several units."""
    for one in evidence:
        yield from find_key_faults(communities, f"evidence/{one.id}.toml, applies_to", one.applies_to, [])
    if any(set(one.applies_to) - set(communities.frame.columns) for one in evidence):
        return
    worth = find_worth(communities, evidence, service)
    without = np.isnan(worth.gain)
    if without.any():
        if _SERVICE in communities.frame.columns:
            names = communities.frame[_SERVICE].filter(pl.Series(without)).unique().sort().to_list()
        else:
            names = [service or "none named"]
        told = ", ".join(str(name) for name in names[:5])
        fix = f"Add a record, or maximise people. {suggest(told, {one.service for one in evidence})}"
        yield Fault(
            "evidence", f"there is none of the service {told} for {int(without.sum())} communities.", fix
        )
    elif not worth.unit:
        yield Fault("evidence", "gains are in several units, which cannot be added up.", "Use one unit.")


def value_communities(
    frame: pl.DataFrame,
    evidence: Sequence[Evidence],
    *,
    by: Sequence[str] | None = None,
    service: str | None = None,
    need: str | None = None,
    top: int = 20,
    deliverability: Sequence[Deliverability] = (),
) -> pl.DataFrame:
    """Need, gap to the standard and expected benefit of each community: three columns, never one.

    Parameters
    ----------
    frame
        Ranked communities; see ``check_communities``.
    evidence
        Records of what reaching one more person is worth.
    by
        The columns that make a community; by default those before ``rank``.
    service
        The service's id where the table has no ``service_id``.
    need
        The column of numbers that says how much need there is (the higher the more). By default the number of
        people who are not reached yet, whatever the standard.
    top
        A group is passed over where a community of it is among the first ``top`` by need, and none is by
        benefit.
    deliverability
        Records of how easily communities can be served.

    Returns
    -------
    polars.DataFrame
        In the order of need: the columns of ``by``, ``need``, ``gap`` (people missing out against the
        standard) with ``gap_lower_cl`` and ``gap_upper_cl`` where known, ``expected_benefit`` with
        ``benefit_lower_cl`` and ``benefit_upper_cl`` (95 %), ``benefit_unit`` and ``evidence_id`` (null
        where no record tells: then people reached are all that can be said), ``rank_by_need``,
        ``rank_by_gap``, ``rank_by_benefit``, ``plus_group``, ``passed_over`` (the community's Plus group
        is, by benefit) and what the table has, or records say, of ``barriers_heard``, ``capacity`` and
        ``travel_minutes``. Where benefits are in several units nothing goes by them: ``rank_by_benefit`` and
        ``passed_over`` are null.

    Raises
    ------
    InputError
        With every fault of the table at once.

    Notes
    -----
    The interval of the benefit takes gap and gain as independent: mean and variance of their product are
    exact, its shape is taken to be a gamma distribution's.
    """
    communities = check_communities(frame, by)
    if need is not None:
        raise_faults(list(_need_faults(communities, need)), "The communities cannot be valued")
    if top < 1:
        raise InputError(f"The top must be at least 1, but {top} was given.")
    worth = find_worth(communities, evidence, service)
    table = communities.frame.select(communities.keys).with_columns(
        pl.Series(
            "need", communities.not_reached if need is None else communities.frame[need].cast(pl.Float64)
        ),
        pl.Series("gap", communities.missing),
        *_gap_limits(communities),
        *_benefit(communities, worth),
        communities.plus_groups().alias("plus_group"),
    )
    table = pl.concat([table, describe_delivery(communities, deliverability)], how="horizontal")
    keys = list(communities.keys)
    for name, column in (("need", "need"), ("gap", "gap"), ("benefit", "expected_benefit")):
        table = table.sort(column, *keys, descending=[True, *(False for _ in keys)], nulls_last=True)
        place = pl.int_range(1, pl.len() + 1)
        # Gains in several units have no order.
        is_placed = pl.col(column).is_not_null() & pl.lit(name != "benefit" or bool(worth.unit))
        table = table.with_columns(pl.when(is_placed).then(place).cast(pl.Int64).alias(f"rank_by_{name}"))
    return flag_passed_over(table.sort("rank_by_need"), top)


def flag_passed_over(table: pl.DataFrame, top: int) -> pl.DataFrame:
    """Mark the Plus groups that ranking by benefit passes over and ranking by need does not.

    A group is passed over where it has a community among the first ``top`` by need and none among the first
    ``top`` by benefit, be it for lack of evidence. Where nothing has a benefit nobody can be passed over.
    """
    if table["rank_by_benefit"].null_count() == table.height:
        return table.with_columns(pl.lit(None, dtype=pl.Boolean).alias("passed_over"))
    first_by_need = (pl.col("rank_by_need") <= top).any().over("plus_group")
    first_by_benefit = (pl.col("rank_by_benefit") <= top).fill_null(value=False).any().over("plus_group")
    passed = pl.col("plus_group").is_not_null() & first_by_need & ~first_by_benefit
    return table.with_columns(passed.alias("passed_over"))


def say_passed_over(table: pl.DataFrame) -> str:
    """The equity flag in words; empty where no group is passed over."""
    if "passed_over" not in table.columns:
        return ""
    groups = table.filter(pl.col("passed_over"))["plus_group"].unique().sort().to_list()
    if not groups:
        return ""
    return f"Going by benefit alone would pass over: {', '.join(groups)}. Going by need would not."


def _need_faults(communities: Communities, need: str) -> Iterator[Fault]:
    columns = communities.frame.columns
    if need not in columns:
        yield Fault(f'column "{need}"', "it is not there.", suggest(need, columns))
    elif communities.frame[need].cast(pl.Float64, strict=False).null_count():
        yield Fault(f'column "{need}"', "it is empty or not a number in some rows.", "Correct them first.")


def _gap_limits(communities: Communities) -> list[pl.Series]:
    limits = {"gap_lower_cl": "lower_cl", "gap_upper_cl": "upper_cl"}
    return [
        communities.frame[given].alias(name)
        for name, given in limits.items()
        if given in communities.frame.columns
    ]


def _benefit(communities: Communities, worth: Worth) -> list[pl.Series]:
    expected = communities.missing * worth.gain
    variance = (
        (communities.missing * worth.spread) ** 2
        + (worth.gain * communities.spread) ** 2
        + (worth.spread * communities.spread) ** 2
    )
    usable = (expected > 0) & (variance > 0)
    scale = np.where(usable, variance / np.where(usable, expected, 1.0), 1.0)
    shape = np.where(usable, expected / scale, 1.0)
    limits = [
        np.where(usable, stats.gamma.ppf(tail, shape, scale=scale), expected)
        for tail in (0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2)
    ]
    return [
        pl.Series("expected_benefit", expected).fill_nan(None),
        pl.Series("benefit_lower_cl", limits[0]).fill_nan(None),
        pl.Series("benefit_upper_cl", limits[1]).fill_nan(None),
        pl.Series("benefit_unit", worth.units, dtype=pl.String),
        pl.Series("evidence_id", worth.record, dtype=pl.String),
    ]
