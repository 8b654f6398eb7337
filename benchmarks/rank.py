"""How well, and how fast, the ranking finds the people missing out: simulated places with a known truth.

Run with ``python -m benchmarks.rank [--places N]``. The figures are kept in docs/reference/ranking.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from benchmarks.places import (
    BY,
    HELD_OUT,
    KINDS,
    Kind,
    Order,
    Place,
    found_share,
    score_ranking,
    simulate_place,
)
from benchmarks.places.lme4 import fit_glmer, has_lme4
from evenground.disclosure import load_policy
from evenground.pipeline.rankings import know_counts
from evenground.reach import Columns, Service, check_counts, rank_communities, rank_counts
from evenground.reach.counted import estimate_counts

HOW: dict[str, Any] = {"by": BY, "strata": ["sex", "age_band"], "covariates": ["imd_rank"]}
METHODS = {"ranking": "ranking", "raw": "raw rates", "main": "main effects", "deprived": "most deprived"}
BINS = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9]


def rank_place(place: Place) -> pl.DataFrame:
    """Ranked as ``evenground rank --counts`` does."""
    return rank_counts(place.counts, standard=place.standard, **HOW)


def rank_released(place: Place, policy_id: str) -> pl.DataFrame:
    """Ranked as a release does, from the counts of communities that a policy shows."""
    quintile = (pl.col("imd_rank") * 5 // 33_756).clip(0, 4) + 1
    strata = place.counts.with_columns(imd_quintile=quintile).drop("imd_rank")
    known = None if policy_id == "none" else partial(know_counts, policy=load_policy(policy_id))
    ranked = rank_communities([Service("s", place.standard, strata)], by=BY, known_counts=known)
    return ranked.filter(pl.col("service_id") == "s").rename({"probability_top_10": "probability_top_k"})


def print_found(kinds: dict[str, Kind], places: int) -> list[pl.DataFrame]:
    """The share of the best possible that the first 2,000 contacts find, by order and method."""
    print(
        "\n"
        + "kind".ljust(20)
        + "".join(f"{order}: {name}".rjust(27) for order in Order for name in METHODS.values())
    )
    tables, means = [], []
    for name, kind in kinds.items():
        scored = [score_ranking(rank_place(place), place) for place in make_places(kind, places)]
        tables.append(pl.concat([table for _, table in scored]).with_columns(kind=pl.lit(name)))
        found = [
            np.mean([figures[f"{order}_{method}"] for figures, _ in scored])
            for order in Order
            for method in METHODS
        ]
        means.append(found)
        print(name.ljust(20) + "".join(f"{share:27.1%}" for share in found), flush=True)
    print("mean".ljust(20) + "".join(f"{share:27.1%}" for share in np.mean(means, axis=0)))
    return tables


def make_places(kind: Kind, places: int) -> list[Place]:
    """Places of a kind that no test looks at."""
    return [simulate_place(kind, seed) for seed in range(1000, 1000 + places)]


def print_intervals(tables: list[pl.DataFrame]) -> None:
    """How often intervals hold the truth, and how far estimates are from it."""
    print("\nkind, intervals that hold the truth (of the community, of its strata), typical error in points")
    for table in tables:
        held = [measure_intervals(table, truth) for truth in ("missing", "missing_in_strata")]
        print(f"{table['kind'][0]:<20} {held[0]:.1%} {held[1]:.1%} {measure_error(table):.1f}")


def print_reliability(tables: list[pl.DataFrame]) -> None:
    """How often a community is in the top ten as often as it is said to be."""
    edges = pl.sum_horizontal(*((pl.col("probability_top_k") > edge).cast(pl.Int64) for edge in BINS))
    bins = pl.concat(tables).group_by(edges.alias("bin")).agg(
        pl.col("probability_top_k").mean(), pl.col("truly_top").mean(), pl.len()
    )  # fmt: skip
    print("\nprobability of the top ten: stated, came true, communities")
    for _, stated, true, count in bins.sort("bin").iter_rows():
        print(f"  {stated:.3f}  {true:.3f}  {count:,}")


def print_released(places: int) -> None:
    """What rounding and hiding counts costs: the same places by a release of each policy.

    Communities of fewer than 8 eligible are left out: a release of nhs-7-5 does not show them.
    """
    print(
        "\nkind, policy, found of the best possible, intervals that hold the truth, typical error in points"
    )
    for name in ("as usual", "rare deep gaps", "tiny groups", "few people"):
        for policy in ("none", "nhs-7-5"):
            tables = [
                score_ranking(rank_released(place, policy), place)[1].filter(pl.col("eligible") > 7)
                for place in make_places(KINDS[name], places)
            ]
            score = pl.col("expected_missing_per_100")
            found = np.mean([found_share(table, score, Order.PER_CONTACT) for table in tables])
            held, error = measure_intervals(pl.concat(tables), "missing"), measure_error(pl.concat(tables))
            print(f"{name:<20} {policy:<10} {found:.1%} {held:.1%} {error:.1f}", flush=True)


def measure_intervals(table: pl.DataFrame, truth: str) -> float:
    """The share of intervals that hold the truth."""
    held = pl.col(truth).is_between(pl.col("lower_cl") - 1e-6, pl.col("upper_cl") + 1e-6)
    return float(table.select(held.mean()).item())


def measure_error(table: pl.DataFrame) -> float:
    """The root mean square error of people missing out, in percentage points of the eligible."""
    error = ((table["expected_missing"] - table["missing"]) / table["eligible"]).to_numpy()
    return float(100 * np.sqrt(np.mean(error**2)))


def time_counts(label: str, place: Place, columns: dict[str, Any]) -> None:
    """Seconds to rank a table of counts: the best of two."""
    seconds, processor = [], []
    for _ in range(2):
        start, busy = time.perf_counter(), time.process_time()
        communities = rank_counts(place.counts, standard=place.standard, **columns).height
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    print(
        f"{label}: {place.counts.height:,} rows, {communities:,} communities: "
        f"{min(seconds):.1f} s ({min(processor):.1f} s of processor)",
        flush=True,
    )


def print_times() -> None:
    """How long it takes, and what memory."""
    print()
    place = simulate_place(Kind(areas=1500, groups=10, people=1_400_000, evenness=60), 1)
    time_counts("a large place", place, HOW)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory until then {memory:,.0f} MB")
    england = simulate_place(Kind(areas=33_755, groups=10, people=10_000_000, evenness=60), 1)
    summed = england.counts.group_by(*BY, "imd_rank").agg(pl.col("eligible", "reached").sum())
    whole = Place(summed, england.truth, england.neighbours, england.standard)
    time_counts("England's LSOAs, one service", whole, {"by": BY, "covariates": ["imd_rank"]})
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory until then {memory:,.0f} MB")


def print_ratio() -> None:
    """Time beside lme4's glmer on 5,000 strata, in this one run."""
    if not has_lme4():
        print("\nR or its package lme4 is not here: no comparison with glmer")
        return
    place = simulate_place(Kind(areas=85, groups=12, people=85_000, gap_share=0.0), 1)
    checked = check_counts(place.counts, Columns(tuple(BY), ("sex", "age_band"), ("imd_rank",)))
    busy = time.process_time()
    estimate_counts(checked)
    ours = time.process_time() - busy
    print(f"\n{place.counts.height:,} strata: the model here {ours:.2f} s of processor")
    for name, is_quick in (("glmer, the quicker search", True), ("glmer as it comes", False)):
        theirs = fit_glmer(place.counts, points=1, is_quick=is_quick).processor
        print(f"{name}: {theirs:.1f} s, ratio {theirs / ours:.0f}", flush=True)


def main() -> None:
    """Print the figures of docs/reference/ranking.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=20)
    places = parser.parse_args().places
    for title, kinds in (("kinds that the method was made with", KINDS), ("kinds held out", HELD_OUT)):
        print(f"\n{title}: {places} places of each")
        tables = print_found(kinds, places)
        print_intervals(tables)
        print_reliability(tables)
    print_released(places)
    print_times()
    print_ratio()


if __name__ == "__main__":
    main()
