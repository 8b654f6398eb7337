"""An invented town, counted: small hierarchies of areas and cuts, published under a policy.

Everybody is in one LSOA, of one sex and ethnic group, and with one practice. Codes mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import polars as pl

from evenground.disclosure import (
    IndicatorTold,
    Policy,
    Published,
    choose_layers,
    choose_secondary,
    protect_counts,
    protect_figures,
    withhold_figures,
    withhold_populations,
)
from evenground.vocabulary import ETHNIC_GROUP_TO_5, ValueNote

LSOAS = ("L1", "L2", "L3", "L4", "L5")
SEXES = ("female", "male")
ETHNIC_GROUPS = ("A", "B", "H", "J")
PERIOD = "to 2026-03-31"


@dataclass(frozen=True)
class Town:
    """Who lives where. ``people`` has ``lsoa``, ``sex``, ``ethnic_group``, ``practice``, ``n`` and ``d``."""

    people: pl.DataFrame
    msoa: Mapping[str, str] = field(
        default_factory=lambda: dict(zip(LSOAS, ("M1", "M1", "M1", "M2", "M2"), strict=True))
    )
    ward: Mapping[str, str] = field(
        default_factory=lambda: dict(zip(LSOAS, ("W1", "W1", "W2", "W2", "W2"), strict=True))
    )
    fifth: Mapping[str, int] = field(default_factory=lambda: dict(zip(LSOAS, (1, 2, 2, 1, 2), strict=True)))
    practices: bool = False

    def areas(self) -> pl.DataFrame:
        lsoas = list(self.msoa)
        rows = [("place", "P", None, None, None, None)]
        rows += [("msoa", code, "P", None, None, None) for code in sorted(set(self.msoa.values()))]
        rows += [("ward", code, "P", None, None, None) for code in sorted(set(self.ward.values()))]
        rows += [("lsoa", code, self.msoa[code], self.fifth[code], self.ward[code], None) for code in lsoas]
        if self.practices:
            rows += [("pcn", "N1", "P", None, None, None), ("pcn", "N2", "P", None, None, None)]
            rows += [("practice", f"Y{k}", "N1" if k < 3 else "N2", None, None, None) for k in range(1, 5)]
        names = ("area_type", "area_code", "parent_area_code", "imd_quintile", "ward_code", "ltla_code")
        types = {"imd_quintile": pl.Int32, "ward_code": pl.String, "ltla_code": pl.String}
        frame = pl.DataFrame(
            rows, schema=names, orient="row", schema_overrides=types, infer_schema_length=None
        )
        return frame.with_columns(pl.col("imd_quintile").alias("local_quintile"))

    def count(self) -> pl.DataFrame:
        """True counts of every published group."""
        people = self.people.with_columns(
            pl.col("lsoa").replace_strict(self.msoa).alias("msoa"),
            pl.col("lsoa").replace_strict(self.ward).alias("ward"),
            pl.col("lsoa").replace_strict(self.fifth).cast(pl.String).alias("imd_quintile"),
            pl.col("ethnic_group").replace_strict(ETHNIC_GROUP_TO_5).alias("ethnic_group_5"),
            pl.concat_str("sex", pl.lit("*"), "ethnic_group").alias("sex*ethnic_group"),
            pl.lit("P").alias("place"),
            pl.lit("all").alias("all"),
        )
        tables = [("lsoa", "all"), ("ward", "all"), ("place", "imd_quintile"), ("place", "sex*ethnic_group")]
        tables += list(product(("msoa", "place"), ("all", "sex", "ethnic_group", "ethnic_group_5")))
        if self.practices:
            people = people.with_columns(
                pl.col("practice")
                .replace_strict({"Y1": "N1", "Y2": "N1", "Y3": "N2", "Y4": "N2"})
                .alias("pcn")
            )
            tables += [("practice", "all"), ("pcn", "all")]
        frames = [
            people.group_by(pl.col(area).alias("area_code"), pl.col(cut).alias("category"))
            .agg(pl.col("n").sum(), pl.col("d").sum())
            .select(
                pl.lit(area).alias("area_type"), "area_code", pl.lit(cut).alias("cut"), "category", "n", "d"
            )
            for area, cut in tables
        ]
        return pl.concat(frames).sort("area_type", "area_code", "cut", "category")


def make_town(
    seed: int,
    *,
    mean: float = 9.0,
    practices: bool = False,
    lsoas: Sequence[str] = LSOAS,
    groups: Sequence[str] = ETHNIC_GROUPS,
) -> Town:
    """A town whose counts come by chance: many of them small."""
    random = np.random.default_rng(seed)
    keys = list(product(lsoas, SEXES, groups))
    size = np.array([mean * {"A": 6.0, "B": 0.6, "H": 1.5, "J": 0.5}[key[2]] for key in keys])
    d = random.poisson(size * random.gamma(2.0, 0.5, len(keys)))
    n = random.binomial(d, random.uniform(0.1, 0.9))
    people = _frame(keys, random.choice(["Y1", "Y2", "Y3", "Y4"], len(keys)), n, d)
    whole = Town(people, practices=practices)
    kept = {name: {code: getattr(whole, name)[code] for code in lsoas} for name in ("msoa", "ward", "fifth")}
    return replace(whole, **kept)


def make_people(counts: Mapping[tuple[str, str, str], tuple[int, int]]) -> pl.DataFrame:
    """People by LSOA, sex and ethnic group: numerator and denominator of each."""
    n, d = (np.array([pair[side] for pair in counts.values()]) for side in (0, 1))
    return _frame(list(counts), np.array(["Y1"] * len(counts)), n, d)


def _frame(
    keys: Sequence[tuple[str, str, str]], practices: np.ndarray, n: np.ndarray, d: np.ndarray
) -> pl.DataFrame:
    frame = pl.DataFrame(keys, schema=["lsoa", "sex", "ethnic_group"], orient="row")
    return frame.with_columns(pl.Series("practice", practices), pl.Series("n", n), pl.Series("d", d))


def publish(
    town: Town,
    policy: Policy,
    *,
    name: str = "release",
    secondary: bool = True,
    made_of: str = "",
    against: Sequence[Published] = (),
) -> Published:
    """The town's release under a policy, with or without what is hidden for the sake of others."""
    counted = town.count().rename({"n": "numerator", "d": "denominator"})
    values = protect_figures(
        counted.with_columns(pl.lit("tested").alias("indicator_id"), pl.lit(PERIOD).alias("period")), policy
    )
    shown = pl.col("value_note").is_in(["published", "zero"])
    share = pl.when(shown).then(100 * pl.col("numerator") / pl.col("denominator"))
    values = values.with_columns(
        share.alias("value"),
        share.alias("lower_cl"),
        share.alias("upper_cl"),
        pl.lit("similar").alias("comparison"),
    )
    primary = Published(
        name,
        {"values": values, "areas": _with_population(town, counted, policy)},
        {"tested": IndicatorTold("proportion")},
        policy,
        made_of=made_of,
    )
    return close(primary, against) if secondary else primary


def close(release: Published, against: Sequence[Published] = ()) -> Published:
    """A release with all that has to be hidden for the sake of others: read again, as a build does."""
    release = withhold(release, choose_layers(release.tables["values"], release.policy))
    for _ in range(8):
        hidden = choose_secondary(release, against=against)
        if hidden.is_empty():
            break
        release = withhold(release, hidden)
    return release


def withhold(release: Published, hidden: pl.DataFrame) -> Published:
    """The release without some counts."""
    tables = dict(release.tables)
    tables["values"] = withhold_figures(tables["values"], hidden, release.policy)
    tables["areas"] = withhold_populations(tables["areas"], hidden, release.policy)
    return replace(release, tables=tables)


def _with_population(town: Town, counted: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    everyone = counted.filter(pl.col("cut") == "all").select("area_type", "area_code", "denominator")
    areas = town.areas().join(everyone, on=["area_type", "area_code"], how="left", maintain_order="left")
    population, hidden = protect_counts(areas["denominator"].fill_null(0).to_numpy(), policy)
    note = np.select(
        [hidden, population == 0], [ValueNote.SUPPRESSED, ValueNote.ZERO], default=ValueNote.PUBLISHED
    )
    return areas.drop("denominator").with_columns(
        pl.when(pl.Series(hidden)).then(None).otherwise(pl.Series(population)).alias("population"),
        pl.Series("population_note", note.astype(str)),
    )
