"""Communities in the order of how many people a service misses there, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from evenground.errors import InputError
from evenground.reach.counts import find_codes
from evenground.reach.draws import Drawn, Draws, Missing, Together, draw_missing
from evenground.reach.hierarchy import Estimate, estimate_communities, missing_out
from evenground.reach.known import KnownCountsOf, Strata, all_is_known, fit_to_known
from evenground.reach.main_effects import Codes, Floats
from evenground.reach.nested import Counts
from evenground.reach.services import (
    NEVER_RANKED,
    Service,
    find_covariates,
    require_services,
    sum_strata,
)
from evenground.reach.terms import join_blocks, make_levels
from evenground.vocabulary import ALL_SERVICES


@dataclass(frozen=True)
class _Estimated:
    """A service's ranked communities and what is known of their uptake.

    ``eligible`` and ``reached`` are the counts as they are, for the table alone: whatever is estimated
    comes from ``estimate``, made of the counts that may be known, as ``known_reached`` is. ``rounding``
    is the standard deviation of what the eligible are rounded by.
    """

    service: Service
    keys: pl.DataFrame
    eligible: Floats
    reached: Floats
    known_reached: Floats
    rounding: float
    estimate: Estimate


@dataclass(frozen=True)
class _Kept:
    """What is needed of a service once it is estimated: the estimate itself takes much memory.

    ``table`` is its part of the result, but for the probability of the top; ``levels`` and ``together`` are
    what draws are made from.
    """

    service_id: str
    keys: pl.DataFrame
    table: pl.DataFrame
    levels: Draws
    together: Together


def rank_communities(
    services: Sequence[Service],
    *,
    by: Sequence[str],
    covariates: Sequence[str] | None = None,
    confidence_level: float = 0.95,
    top: int = 10,
    draws: int = 2000,
    seed: int = 0,
    exclude: Mapping[str, Collection[str]] = NEVER_RANKED,
    known_counts: KnownCountsOf | None = None,
) -> pl.DataFrame:
    """Rank communities by the people a service would have reached, had it met its standard there.

    Parameters
    ----------
    services
        With one row for each stratum; see ``Service``.
    by
        The columns that make a community, such as ``["area_code", "ethnic_group"]``.
    covariates
        The columns whose main effects set what is expected of a community. By default those of
        ``COVARIATES`` that a service's strata have.
    confidence_level
        Of the central credible interval.
    top
        The ``k`` of the probability of being among the ``k`` communities that miss out most.
    draws
        From the posterior, for that probability and for the interval over all services.
    seed
        Of the draws: the same input and seed give the same table. A service's draws do not depend on
        which other services are ranked.
    exclude
        Values of a column of ``by`` that name no community: fitted and never ranked.
    known_counts
        Given the eligible and the reached of each community, says which counts may be known outside. All
        that is estimated then follows from those, so that the estimates tell no more than they do.

    Returns
    -------
    polars.DataFrame
        Sorted by ``service_id`` and ``rank`` (1 = most people missing out; ties by code): ``service_id``,
        the columns of ``by``, ``rank``, ``standard`` (share; null for the service ``all``), ``eligible``,
        ``reached``, ``estimated_uptake`` and ``predicted_uptake`` (shares; by the model, and by its main
        effects alone), ``expected_missing`` with ``lower_cl`` and ``upper_cl`` (people),
        ``confidence_level``, ``probability_top_{top}``, ``probability_below`` (that uptake is below the
        standard; null for ``all``), ``top_service_id`` (for ``all``, the service that
        adds most; else the service itself), ``expected_missing_per_100`` (of those eligible). Rows of the
        service ``all`` sum over services, and over known counts where those differ: a person missed by two
        services counts twice. Nothing is rounded or suppressed.

    Raises
    ------
    InputError
        Where a count is impossible, a stratum is there twice, a column is absent, a standard is not a
        share, or nobody is left to rank.

    Notes
    -----
    The method and how well it does are in ``docs/reference/ranking.md``.
    """
    require_services(services)
    _require_options(confidence_level, top, draws)
    kept = [
        _keep(_estimate(service, list(by), covariates, exclude, known_counts), confidence_level)
        for service in services
    ]
    keys = pl.concat([one.keys for one in kept]).unique().sort(by)
    drawn = draw_missing(
        [Missing(one.service_id, one.levels, _positions(keys, one.keys, by), one.together) for one in kept],
        keys.height,
        draws=draws,
        seed=seed,
        top=top,
        tails=_tails(confidence_level),
    )
    table = pl.concat(
        [
            one.table.with_columns(probability=pl.Series(probability))
            for one, probability in zip(kept, drawn.probabilities, strict=True)
        ]
    )
    table = pl.concat([table, _all_table(table, keys, list(by), drawn)])
    return _finish(table, list(by), confidence_level, top)


def _require_options(confidence_level: float, top: int, draws: int) -> None:
    if not 0 < confidence_level < 1:
        raise InputError(
            f"confidence_level must lie between 0 and 1, but {confidence_level} was given. "
            "Write 95 % as 0.95."
        )
    if top < 1 or draws < 1:
        raise InputError(f"top and draws must be at least 1, but {top} and {draws} were given.")


def _estimate(
    service: Service,
    by: list[str],
    covariates: Sequence[str] | None,
    exclude: Mapping[str, Collection[str]],
    known_counts: KnownCountsOf | None,
) -> _Estimated:
    covariates = find_covariates(service, by, covariates)
    rows = sum_strata(service, by, covariates)
    keys = rows.select(by).unique().sort(by)
    codes = find_codes(rows, by)
    people, users = (rows[name].to_numpy().astype(np.float64) for name in ("eligible", "reached"))
    eligible, reached = (np.bincount(codes, counts).astype(np.float64) for counts in (people, users))
    known = (known_counts or all_is_known)(eligible, reached)
    levels = [find_codes(rows, [name]) for name in covariates]
    known_people, known_users = fit_to_known(Strata(levels, people, users, codes), known)
    area = _areas(keys, by, covariates)
    counts = Counts(known_people, known_users, codes, np.arange(keys.height) if area is None else area)
    estimate = estimate_communities(
        join_blocks(len(codes), [make_levels(one) for one in levels]),
        counts,
        known,
        areas_share=area is not None,
        strata_differ=known_counts is None and len(codes) > keys.height,
    )
    ranked = _is_ranked(service, keys, by, exclude)
    return _Estimated(
        service,
        keys.filter(pl.Series(ranked)),
        eligible[ranked],
        reached[ranked],
        np.bincount(codes, known_users)[ranked].astype(np.float64),
        known.rounding,
        estimate.choose(ranked),
    )


def _is_ranked(
    service: Service, keys: pl.DataFrame, by: list[str], exclude: Mapping[str, Collection[str]]
) -> NDArray[np.bool_]:
    named = [~pl.col(name).is_in(list(values)) for name, values in exclude.items() if name in by]
    ranked = keys.select(pl.all_horizontal(pl.lit(True), *named)).to_series().to_numpy()
    ranked = np.broadcast_to(ranked, (keys.height,))
    if not ranked.any():
        raise InputError(f"{service.id}: no community is left to rank after the values to exclude.")
    return ranked


def _areas(keys: pl.DataFrame, by: list[str], covariates: list[str]) -> Codes | None:
    """The area of each community, where several communities share one."""
    local = [name for name in by if name not in covariates]
    if not local or len(local) == len(by):
        return None
    return find_codes(keys, local)


def _positions(keys: pl.DataFrame, some: pl.DataFrame, by: Sequence[str]) -> Codes:
    found = some.join(keys.with_row_index("position"), on=list(by), how="left", maintain_order="left")
    return found["position"].to_numpy().astype(np.int64)


def _tails(confidence_level: float) -> Floats:
    return np.array([0.5 - confidence_level / 2, 0.5 + confidence_level / 2])


def _keep(one: _Estimated, confidence_level: float) -> _Kept:
    levels = one.estimate.levels(one.service.standard)
    return _Kept(
        one.service.id, one.keys, _service_table(one, confidence_level), levels, one.estimate.together
    )


def _service_table(one: _Estimated, confidence_level: float) -> pl.DataFrame:
    estimate, standard = one.estimate, one.service.standard
    uptake = estimate.posterior.quantiles(_tails(confidence_level))
    # The most people miss out where uptake is lowest.
    limits = missing_out(estimate.eligible, standard, uptake)[:, ::-1]
    expected = estimate.expected_missing(standard)
    limits = _widen(limits, expected, expected / estimate.eligible * one.rounding, confidence_level)
    return one.keys.with_columns(
        service_id=pl.lit(one.service.id),
        standard=pl.lit(float(standard)),
        eligible=pl.Series(one.eligible).cast(pl.Int64),
        reached=pl.Series(one.reached).cast(pl.Int64),
        known_eligible=pl.Series(estimate.eligible),
        known_reached=pl.Series(one.known_reached),
        estimated_uptake=pl.Series(estimate.posterior.mean),
        predicted_uptake=pl.Series(estimate.predicted),
        expected_missing=pl.Series(expected),
        lower_cl=pl.Series(limits[:, 0]),
        upper_cl=pl.Series(limits[:, 1]),
        probability_below=pl.Series(estimate.probability_below(standard)),
        top_service_id=pl.lit(one.service.id),
    )


def _widen(limits: Floats, expected: Floats, rounding: Floats, confidence_level: float) -> Floats:
    """The limits with what is not known of the eligible, whose count is rounded: as a standard deviation."""
    if not rounding.any():
        return limits
    doubt = special.ndtri(0.5 + confidence_level / 2) * rounding
    away = np.hypot(limits - expected[:, None], doubt[:, None])
    below = np.maximum(0.0, expected - away[:, 0])
    # What may be none may be none all the same.
    return np.column_stack([np.where(limits[:, 0] > 0, below, 0.0), expected + away[:, 1]])


def _all_table(services: pl.DataFrame, keys: pl.DataFrame, by: list[str], drawn: Drawn) -> pl.DataFrame:
    offers = pl.col("known_eligible").sum()
    summed = (
        services.sort("service_id")
        .group_by(by)
        .agg(
            pl.col("known_eligible", "known_reached", "expected_missing").sum(),
            *(
                ((pl.col(name) * pl.col("known_eligible")).sum() / offers).alias(name)
                for name in ("estimated_uptake", "predicted_uptake")
            ),
            pl.col("service_id").get(pl.col("expected_missing").arg_max()).alias("top_service_id"),
        )
    )
    return (
        keys.join(summed, on=by, how="left", maintain_order="left")
        .with_columns(
            service_id=pl.lit(ALL_SERVICES),
            eligible=pl.col("known_eligible").round().cast(pl.Int64),
            reached=pl.col("known_reached").round().cast(pl.Int64),
            standard=pl.lit(None, dtype=pl.Float64),
            lower_cl=pl.Series(drawn.all_limits[0]),
            upper_cl=pl.Series(drawn.all_limits[1]),
            probability=pl.Series(drawn.all_probability),
            # Each service has its own standard.
            probability_below=pl.lit(None, dtype=pl.Float64),
        )
        .select(services.columns)
    )


def _finish(table: pl.DataFrame, by: list[str], confidence_level: float, top: int) -> pl.DataFrame:
    # A billionth of a person is noise of the arithmetic, not an order.
    table = table.with_columns(order=pl.col("expected_missing").round(6))
    table = table.sort("service_id", "order", *by, descending=[False, True, *(False for _ in by)])
    return table.select(
        "service_id",
        *by,
        pl.int_range(1, pl.len() + 1).over("service_id").cast(pl.Int64).alias("rank"),
        "standard",
        "eligible",
        "reached",
        "estimated_uptake",
        "predicted_uptake",
        "expected_missing",
        "lower_cl",
        "upper_cl",
        pl.lit(confidence_level).alias("confidence_level"),
        pl.col("probability").alias(f"probability_top_{top}"),
        "probability_below",
        "top_service_id",
        (100 * pl.col("expected_missing") / pl.col("known_eligible")).alias("expected_missing_per_100"),
    )
