"""How well, and how fast, the ranking finds the people missing out: simulated places with a known truth.

Run with ``python benchmarks/rank.py [--places N]``. The figures are kept in docs/reference/ranking.md.
"""

from __future__ import annotations

import argparse
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
) -> Place:
    """Main effects, area effects, overdispersion between communities, and rare deep local gaps."""
    rng = np.random.default_rng(seed)
    mix = rng.dirichlet(GROUP_SHARES / GROUP_SHARES.sum() * 8, size=areas)
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
    n = rng.multinomial(eligible.ravel()[:, None].ravel(), np.full(ages * 2, 0.5 / ages)).ravel()
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


def score_place(place: Place, **options: float) -> tuple[dict[str, float], pl.DataFrame]:
    """Every figure of one place, and the table behind it."""
    ranked = rank_communities([Service("bowel_screening", STANDARD, place.strata)], by=BY, **options)
    table = ranked.filter(pl.col("service_id") != "all").join(
        place.truth.select(*BY, "uptake", "missing"), on=BY, how="inner"
    )
    table = table.join(place.strata.select(*BY, "imd_quintile").unique(), on=BY, how="left").with_columns(
        raw=pl.col("reached") / pl.col("eligible")
    )
    n = table["eligible"]
    figures = {
        "coverage": float(
            table.select(pl.col("missing").is_between(pl.col("lower_cl") - 1e-9, pl.col("upper_cl") + 1e-9))
            .to_series()
            .mean()
        ),
        "coverage_off_bound": float(
            table.filter(pl.col("missing") > 0)
            .select(pl.col("missing").is_between(pl.col("lower_cl") - 1e-9, pl.col("upper_cl") + 1e-9))
            .to_series()
            .mean()
        ),
    }
    orders = {"raw": "raw", "main_effects": "predicted_uptake", "ranking": "estimated_uptake"}
    for name, column in orders.items():
        error = (table[column] - table["uptake"]).to_numpy()
        figures[f"rmse_{name}"] = float(np.sqrt(np.mean(error**2)))
        figures[f"rmse_weighted_{name}"] = float(np.sqrt(np.average(error**2, weights=n)))
        figures[f"top10_{name}"] = capture_of_top(table, missing(pl.col(column)))
        figures[f"first2000_{name}"] = share_of_best(table, -pl.col(column))
    figures["top10_deprivation"] = capture_of_top(table, -pl.col("imd_quintile") + pl.col("eligible") / 1e6)
    figures["first2000_deprivation"] = share_of_best(
        table, -pl.col("imd_quintile") + pl.col("eligible") / 1e6
    )
    figures["top10_ranking"] = capture_of_top(table, pl.col("expected_missing"))
    figures["first2000_ranking"] = share_of_best(table, pl.col("expected_missing_per_100"))
    best = table["missing"].rank(descending=True, method="ordinal") <= 10
    return figures, table.with_columns(truly_top=best)


def time_ranking(strata: int) -> None:
    """Seconds to rank one service of about this many strata."""
    place = simulate_place(1, areas=max(2, strata // 160), people=strata * 8)
    start = time.perf_counter()
    ranked = rank_communities([Service("s", STANDARD, place.strata)], by=BY)
    print(
        f"{place.strata.height:>9,} strata, {ranked.height // 2:>7,} communities: {time.perf_counter() - start:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", type=int, default=20)
    parser.add_argument("--no-timing", action="store_true")
    args = parser.parse_args()
    start = time.perf_counter()
    results = [score_place(simulate_place(seed)) for seed in range(args.places)]
    print(f"{args.places} places in {time.perf_counter() - start:.1f} s")
    for name in results[0][0]:
        values = np.array([figures[name] for figures, _ in results])
        print(f"{name:<28} {values.mean():.4f}  (lowest {values.min():.4f}, highest {values.max():.4f})")
    tables = pl.concat([table for _, table in results])
    tables = tables.with_columns(bin=(pl.col("probability_top_10") * 5).floor().clip(0, 4))
    print(
        tables.group_by("bin")
        .agg(pl.col("probability_top_10").mean(), pl.col("truly_top").mean(), pl.len())
        .sort("bin")
    )
    if not args.no_timing:
        for strata in (5_000, 30_000, 100_000):
            time_ranking(strata)
        place = simulate_place(2)
        services = [Service(f"s{i}", STANDARD, place.strata) for i in range(12)]
        start = time.perf_counter()
        rank_communities(services, by=BY)
        print(f"12 services x 33 areas x 16 groups: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
