"""How well, and how fast, the ranking finds the people missing out: simulated places with a known truth.

Run with ``python benchmarks/rank.py [--places N]``. The figures are kept in docs/reference/ranking.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass

import numpy as np
import polars as pl

from evenground.reach import Service, rank_communities
from evenground.vocabulary import AGE_BANDS

STANDARD = 0.75
GROUPS = [*"ABCDEFGHJKLMNPRS"]
GROUP_SHARES = np.array([70, 1, 4, 1, 0.5, 1, 1, 3, 6, 2, 2, 1.5, 3, 0.5, 1.5, 2])
BY = ["area_code", "ethnic_group"]


@dataclass
class Place:
    """Strata with the true uptake of each."""

    strata: pl.DataFrame
    truth: pl.DataFrame


def simulate_place(
    seed: int,
    *,
    areas: int = 33,
    people: int = 80_000,
    ages: int = 5,
    area_spread: float = 0.25,
    local_spread: float = 0.25,
    gap_share: float = 0.05,
    gap_depth: float = 1.5,
    evenness: float = 8.0,
) -> Place:
    """Main effects, area effects, overdispersion between communities, and rare deep local gaps."""
    rng = np.random.default_rng(seed)
    mix = rng.dirichlet(GROUP_SHARES / GROUP_SHARES.sum() * evenness, size=areas)
    size = rng.gamma(8, 1, areas)[:, None] * mix
    eligible = rng.poisson(people * size / size.sum())
    deprivation = rng.permutation(areas) * 5 // areas
    group_effect = rng.normal(0, 0.4, len(GROUPS))
    community = (
        0.9
        - 0.2 * (4 - deprivation)[:, None]
        + group_effect
        + rng.normal(0, area_spread, areas)[:, None]
        + rng.normal(0, local_spread, (areas, len(GROUPS)))
        - gap_depth * (rng.random((areas, len(GROUPS))) < gap_share)
    )
    a, g, age, sex = (
        index.ravel()
        for index in np.meshgrid(range(areas), range(len(GROUPS)), range(ages), range(2), indexing="ij")
    )
    effect = community[a, g] + np.linspace(-0.3, 0.3, ages)[age] - 0.15 * sex
    uptake = 1 / (1 + np.exp(-effect))
    n = rng.multinomial(eligible.ravel(), np.full(ages * 2, 0.5 / ages)).ravel()
    strata = pl.DataFrame(
        {
            "area_code": [f"E0200{i:04}" for i in a],
            "ethnic_group": [GROUPS[i] for i in g],
            "age_band": [AGE_BANDS[10 + i] for i in age],
            "sex": ["female" if i == 0 else "male" for i in sex],
            "imd_quintile": deprivation[a] + 1,
            "eligible": n,
            "reached": rng.binomial(n, uptake),
            "uptake": uptake,
        }
    ).filter(pl.col("eligible") > 0)
    truth = strata.group_by(BY).agg(
        pl.col("eligible", "reached").sum(),
        ((pl.col("uptake") * pl.col("eligible")).sum() / pl.col("eligible").sum()).alias("uptake"),
    )
    return Place(strata.drop("uptake"), truth.with_columns(missing=missing(pl.col("uptake"))))


def missing(uptake: pl.Expr) -> pl.Expr:
    """People below the standard."""
    return pl.col("eligible") * pl.max_horizontal(pl.lit(0.0), STANDARD - uptake)


def share_of_best(table: pl.DataFrame, score: pl.Expr, contacts: int = 2000) -> float:
    """Missing people met by the first contacts, visiting communities by score, over the best possible."""

    def met(order: pl.Expr) -> float:
        ranked = table.sort(order, descending=True)
        before = ranked["eligible"].cum_sum() - ranked["eligible"]
        visited = np.clip((contacts - before.to_numpy()) / ranked["eligible"].to_numpy(), 0, 1)
        return float(visited @ ranked["missing"].to_numpy())

    return met(score) / met(pl.col("missing") / pl.col("eligible"))


def capture_of_top(table: pl.DataFrame, score: pl.Expr, top: int = 10) -> float:
    """People truly missing out in the ten communities ranked first, over the most that ten could hold."""
    best = table.sort("missing", descending=True)["missing"].head(top).sum()
    return float(table.sort(score, descending=True)["missing"].head(top).sum() / best)


ORDERS = {"raw": "raw", "main_effects": "predicted_uptake", "ranking": "estimated_uptake"}


def score_place(place: Place) -> tuple[dict[str, float], pl.DataFrame]:
    """Every figure of one place, and the table behind it."""
    ranked = rank_communities([Service("bowel_screening", STANDARD, place.strata)], by=BY)
    table = (
        ranked.filter(pl.col("service_id") != "all")
        .join(place.truth.select(*BY, "uptake", "missing"), on=BY)
        .join(place.strata.select(*BY, "imd_quintile").unique(), on=BY)
        .sort(BY)
        .with_columns(raw=pl.col("reached") / pl.col("eligible"))
        .with_columns(truly_top=pl.col("missing").rank(descending=True, method="ordinal") <= 10)
    )
    held = pl.col("missing").is_between(pl.col("lower_cl") - 1e-9, pl.col("upper_cl") + 1e-9).mean()
    figures = {
        "coverage": table.select(held).item(),
        "coverage_where_missing": table.filter(pl.col("missing") > 0).select(held).item(),
    }
    for name, column in ORDERS.items():
        error = (table[column] - table["uptake"]).to_numpy()
        figures[f"rmse_{name}"] = float(np.sqrt(np.mean(error**2)))
        figures[f"top10_{name}"] = capture_of_top(table, missing(pl.col(column)))
        figures[f"first2000_{name}"] = share_of_best(table, -pl.col(column))
    # Today's practice: the most deprived areas first, the largest communities of them first.
    deprived = -pl.col("imd_quintile") + pl.col("eligible") / 1e6
    figures |= {
        "top10_deprivation": capture_of_top(table, deprived),
        "first2000_deprivation": share_of_best(table, deprived),
        "top10_ranking": capture_of_top(table, pl.col("expected_missing")),
        "first2000_ranking": share_of_best(table, pl.col("expected_missing_per_100")),
    }
    return figures, table


PLACES = {
    "as usual": {},
    "few people (5,000)": {"people": 5_000},
    "very few (1,000)": {"people": 1_000},
    "main effects only": {"area_spread": 0.0, "local_spread": 0.0, "gap_share": 0.0},
    "areas differ, groups do not": {"area_spread": 0.4, "local_spread": 0.05, "gap_share": 0.0},
    "rare and deep gaps": {"gap_share": 0.01, "gap_depth": 2.5, "local_spread": 0.1},
}


def print_quality(places: int) -> None:
    """Average figures of each kind of place, and the calibration of the probability of the top ten."""
    tables = []
    for kind, options in PLACES.items():
        results = [score_place(simulate_place(seed, **options)) for seed in range(places)]
        tables += [
            table.with_columns(bin=(pl.col("probability_top_10") * 5).floor().clip(0, 4))
            for _, table in results
        ]
        print(f"\n{kind}: {places} places")
        for name in results[0][0]:
            values = np.array([figures[name] for figures, _ in results])
            print(f"  {name:<26} {values.mean():.3f}  ({values.min():.3f} to {values.max():.3f})")
    bins = pl.concat(tables).group_by("bin").agg(
        pl.col("probability_top_10").mean(), pl.col("truly_top").mean(), pl.len()
    )  # fmt: skip
    print("\nprobability of the top ten: stated, true, communities")
    for _, stated, true, count in bins.sort("bin").iter_rows():
        print(f"  {stated:.3f}  {true:.3f}  {count:,}")


def time_ranking(services: int, **options: float) -> None:
    """Seconds to rank services of a simulated place by area and ethnic group: the best of three."""
    place = simulate_place(2, evenness=200.0, **options)
    inputs = [Service(f"service_{i:02}", STANDARD, place.strata) for i in range(services)]
    seconds, processor = [], []
    for _ in range(3):
        start, busy = time.perf_counter(), time.process_time()
        ranked = rank_communities(inputs, by=BY)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    communities = ranked.filter(pl.col("service_id") == "all").height
    print(
        f"{services:>2} services x {place.strata.height:>7,} strata, {communities:>6,} communities: "
        f"{min(seconds):.2f} s ({min(processor):.2f} s of processor)"
    )


def main() -> None:
    """Print the figures of docs/reference/ranking.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=20)
    places = parser.parse_args().places
    print_quality(places)
    print()
    time_ranking(12)
    time_ranking(12, areas=167, people=400_000)
    time_ranking(1, areas=700, people=2_000_000)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
