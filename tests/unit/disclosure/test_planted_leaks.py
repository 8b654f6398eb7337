"""Leaks planted in the tables of an invented town: each is found under a naive policy, and closed under ours.

Naive: what is small is hidden, and nothing else is looked at. The attack does not know what was planted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl
import pytest

from evenground.disclosure import IndicatorTold, Policy, Published, audit, load_policy
from tests.support.town import LSOAS, Town, close, make_people, publish

EXACT = load_policy("threshold-10")
ROUNDED = load_policy("nhs-7-5")


@dataclass(frozen=True)
class Leak:
    """A release that gives a hidden count away, those before it, and a word that the route must hold."""

    naive: Callable[[], tuple[Published, tuple[Published, ...]]]
    by: str
    where: tuple[str, ...]
    ours: Callable[[], tuple[Published, tuple[Published, ...]]] | None = None


def people(small: dict[tuple[str, str, str], tuple[int, int]] | None = None) -> pl.DataFrame:
    """Everybody in large groups, but for a few that are given: numerator and denominator."""
    keys = [(lsoa, sex, group) for lsoa in LSOAS for sex in ("female", "male") for group in ("A", "H")]
    counts = {key: (20 + 3 * number, 60 + 7 * number) for number, key in enumerate(keys)}
    return make_people(counts | (small or {}))


def alone(town: Town, policy: Policy) -> Callable[[], tuple[Published, tuple[Published, ...]]]:
    return lambda: (publish(town, policy, secondary=False), ())


def edited(
    town: Town,
    policy: Policy,
    *,
    values: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    told: IndicatorTold | None = None,
    rankings: pl.DataFrame | None = None,
    coverage: tuple[dict[str, object], ...] = (),
    secondary: bool = True,
) -> Callable[[], tuple[Published, tuple[Published, ...]]]:
    """A release that is protected, and then says something more."""

    def make() -> tuple[Published, tuple[Published, ...]]:
        release = publish(town, policy, secondary=secondary)
        tables = dict(release.tables)
        if values:
            tables["values"] = values(tables["values"])
        if rankings is not None:
            tables["rankings"] = rankings
        indicators = {"tested": told} if told else release.indicators
        return replace(release, tables=tables, indicators=indicators, coverage=coverage), ()

    return make


def only_tables(town: Town, *kept: tuple[str, str]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Without the other tables of the town: (area type, cut) of those to keep."""

    def keep(values: pl.DataFrame) -> pl.DataFrame:
        wanted = pl.DataFrame(list(kept), schema=["area_type", "cut"], orient="row")
        return values.join(wanted, on=["area_type", "cut"], how="semi", maintain_order="left")

    return keep


LONE = Town(people({("L4", "female", "B"): (4, 60)}))
SMALL_LSOA = Town(
    make_people(
        {("L1", "female", "A"): (30, 90), ("L2", "female", "A"): (5, 70), ("L3", "male", "A"): (40, 95)}
    )
)
FEW_LEFT = Town(people({("L2", "male", "J"): (57, 60)}))
ROUNDED_PAIR = Town(
    make_people(
        {("L1", "female", "A"): (2, 300), ("L1", "male", "A"): (9, 310), ("L4", "male", "A"): (200, 400)}
    )
)
ONES = Town(
    make_people(
        {
            **{("L1", "female", group): (1, 50) for group in ("A", "B", "H", "J")},
            **{("L1", "male", group): (30, 90) for group in ("A", "B", "H", "J")},
        }
    )
)


def show_value(values: pl.DataFrame) -> pl.DataFrame:
    """The percentage of the hidden LSOA, to one decimal place."""
    is_small = (pl.col("area_code") == "L2") & (pl.col("area_type") == "lsoa")
    return values.with_columns(
        pl.when(is_small).then(round(100 * 5 / 70, 1)).otherwise("value").alias("value"),
        pl.when(is_small).then(70).otherwise("denominator").alias("denominator"),
    )


def show_precise_rate(values: pl.DataFrame) -> pl.DataFrame:
    """A share of few people, to many decimals, and neither of its counts."""
    is_small = (pl.col("area_code") == "L2") & (pl.col("area_type") == "lsoa")
    return values.with_columns(
        pl.when(is_small).then(round(100 * 3 / 37, 6)).otherwise("value").alias("value"),
        pl.when(is_small).then(None).otherwise("denominator").alias("denominator"),
        pl.when(is_small).then(None).otherwise("numerator").alias("numerator"),
        pl.when(is_small).then(pl.lit("suppressed")).otherwise("value_note").alias("value_note"),
    )


FEW_RATE = Town(
    make_people(
        {("L1", "female", "A"): (30, 90), ("L2", "female", "A"): (3, 37), ("L3", "male", "A"): (40, 95)}
    )
)


def show_standardised(values: pl.DataFrame) -> pl.DataFrame:
    """A standardised rate on 6 events, with Dobson's limits."""
    is_small = (pl.col("area_code") == "L2") & (pl.col("area_type") == "lsoa")
    limits = {"value": 500.0, "lower_cl": 182.6, "upper_cl": 1088.3}
    return values.with_columns(
        *(pl.when(is_small).then(limit).otherwise(name).alias(name) for name, limit in limits.items()),
    )


STANDARDISED = Town(
    make_people(
        {("L1", "female", "A"): (30, 900), ("L2", "female", "A"): (6, 700), ("L3", "male", "A"): (40, 950)}
    )
)

RANKED = pl.DataFrame(
    {
        "service_id": ["tested"],
        "community_type": ["lsoa"],
        "area_type": ["lsoa"],
        "area_code": ["L2"],
        "ethnic_group": [None],
        "eligible": [70],
        "reached": [5],
    },
    schema_overrides={"ethnic_group": pl.String},
)


def one_person_more(policy: Policy = EXACT, count: int = 9) -> tuple[Published, tuple[Published, ...]]:
    """The second release counts one person more, and so a group is shown that was hidden."""
    before = make_people(
        {("L1", "female", "A"): (count, 90), ("L2", "male", "A"): (30, 80), ("L4", "male", "A"): (40, 95)}
    )
    after = make_people(
        {("L1", "female", "A"): (count + 1, 90), ("L2", "male", "A"): (30, 80), ("L4", "male", "A"): (40, 95)}
    )
    first = publish(Town(before), policy, name="first")
    return publish(Town(after), policy, name="second", secondary=False), (first,)


def other_policy() -> tuple[Published, tuple[Published, ...]]:
    """The same records under two policies: what one rounds away the other shows."""
    looser = replace_policy(EXACT, suppress_to=3, possible_values=3)
    first = publish(SMALL_LSOA, looser, name="first", secondary=False, made_of="the same")
    return publish(SMALL_LSOA, EXACT, name="second", made_of="the same"), (first,)


def replace_policy(policy: Policy, **changes: object) -> Policy:
    return Policy.model_validate(policy.model_dump() | changes)


OLD_AREAS = Town(
    make_people(
        {("L1", "female", "A"): (40, 90), ("L23", "female", "A"): (34, 160), ("L4", "male", "A"): (50, 99)}
    ),
    msoa={"L1": "M1", "L23": "M1", "L4": "M2"},
    ward={"L1": "W1", "L23": "W1", "L4": "W2"},
    fifth={"L1": 1, "L23": 2, "L4": 1},
)
NEW_AREAS = Town(
    make_people(
        {
            ("L1", "female", "A"): (40, 90),
            ("L2", "female", "A"): (30, 80),
            ("L3", "female", "A"): (4, 80),
            ("L4", "male", "A"): (50, 99),
        }
    ),
    msoa={"L1": "M1", "L2": "M1", "L3": "M1", "L4": "M2"},
    ward={"L1": "W1", "L2": "W1", "L3": "W1", "L4": "W2"},
    fifth={"L1": 1, "L2": 2, "L3": 2, "L4": 1},
)


def two_geographies() -> tuple[Published, tuple[Published, ...]]:
    """An LSOA of 2011 is two of 2021. Each release hides enough by itself; the old one tells of the new."""
    hidden = pl.col("area_code").is_in(["L3", "M1", "W1"]) | pl.col("category").is_in(
        ["2", "all", "female", "female*A"]
    )
    keep = (("lsoa", "all"), ("msoa", "all"))
    old = publish(OLD_AREAS, EXACT, name="2011", secondary=False, made_of="the same")
    new = publish(NEW_AREAS, EXACT, name="2021", secondary=False, made_of="the same")
    tables = [
        replace(one, tables={**one.tables, "values": only_tables(NEW_AREAS, *keep)(one.tables["values"])})
        for one in (old, new)
    ]
    values = tables[1].tables["values"]
    is_msoa = (pl.col("area_type") == "msoa") & hidden
    values = values.with_columns(
        pl.when(is_msoa).then(None).otherwise("numerator").alias("numerator"),
        pl.when(is_msoa).then(None).otherwise("value").alias("value"),
        pl.when(is_msoa).then(pl.lit("suppressed")).otherwise("value_note").alias("value_note"),
    )
    return replace(tables[1], tables={**tables[1].tables, "values": values}), (tables[0],)


COVERAGE: tuple[dict[str, object], ...] = tuple(
    {
        "source": "GP records",
        "table": "persons",
        "what": what,
        "reason": reason,
        "count": count,
        "value_note": note,
    }
    for what, reason, count, note in (
        ("read", "", 1200, "published"),
        ("kept", "", 1197, "published"),
        ("dropped", "born after the date of the data", None, "suppressed"),
    )
)

LEAKS = {
    "the one hidden count of a row": Leak(alone(LONE, EXACT), "ethnic_group in all", ("M2", "ethnic_group")),
    "a total less its other parts": Leak(alone(SMALL_LSOA, EXACT), "lsoa in", ("lsoa", "L2")),
    "hidden counts of 1 each that add up to as many": Leak(alone(ONES, EXACT), " in ", ("sex*ethnic_group",)),
    "what is left of a denominator": Leak(
        edited(
            FEW_LEFT,
            replace_policy(EXACT, hides_complements=False),
            secondary=False,
        ),
        "numerator and the rest of its denominator",
        ("ethnic_group",),
        alone(FEW_LEFT, EXACT),
    ),
    "rounded counts so small that rounding hides little": Leak(
        alone(ROUNDED_PAIR, ROUNDED), "sex in all", ("M1", "sex", "female"), alone(ROUNDED_PAIR, ROUNDED)
    ),
    "areas that overlap: wards and MSOAs": Leak(
        edited(
            Town(
                people(
                    {
                        ("L3", "female", "A"): (2, 90),
                        ("L3", "male", "A"): (1, 80),
                        ("L3", "female", "H"): (1, 70),
                        ("L3", "male", "H"): (1, 75),
                    }
                )
            ),
            EXACT,
            values=only_tables(LONE, ("lsoa", "all"), ("ward", "all")),
            secondary=False,
        ),
        "lsoa in ward",
        ("L3",),
    ),
    "deprivation fifths that LSOAs add up to": Leak(
        edited(
            SMALL_LSOA,
            EXACT,
            values=only_tables(SMALL_LSOA, ("lsoa", "all"), ("place", "imd_quintile")),
            secondary=False,
        ),
        "lsoa in imd_quintile",
        ("L2",),
    ),
    "a pair of cuts and both its margins": Leak(
        edited(
            LONE,
            EXACT,
            values=only_tables(
                LONE, ("place", "sex"), ("place", "ethnic_group"), ("place", "sex*ethnic_group")
            ),
            secondary=False,
        ),
        "sex*ethnic_group in",
        ("sex*ethnic_group",),
    ),
    "a percentage beside its denominator": Leak(
        edited(SMALL_LSOA, EXACT, values=show_value), "", ("L2",), alone(SMALL_LSOA, EXACT)
    ),
    "a rate to too many decimals": Leak(
        edited(FEW_RATE, EXACT, values=show_precise_rate), "", ("L2",), alone(FEW_RATE, EXACT)
    ),
    "the limits of a standardised rate": Leak(
        edited(
            STANDARDISED,
            EXACT,
            values=show_standardised,
            told=IndicatorTold("dsr", 100_000.0),
            secondary=True,
        ),
        "",
        ("L2",),
        alone(STANDARDISED, EXACT),
    ),
    "a ranking that shows what the figures hide": Leak(
        edited(SMALL_LSOA, replace_policy(EXACT, suppress_to=9), rankings=RANKED),
        "",
        ("L2",),
        alone(SMALL_LSOA, EXACT),
    ),
    "two releases that differ by one person": Leak(
        one_person_more, "change from first to second", ("L1",), lambda: one_person_more(ROUNDED, 7)
    ),
    "one release under two policies": Leak(other_policy, "", ("L2",), alone(SMALL_LSOA, EXACT)),
    "areas of 2011 and of 2021": Leak(two_geographies, "lsoa in msoa", ("L3",), alone(NEW_AREAS, EXACT)),
    "rows read less rows kept": Leak(
        edited(LONE, EXACT, coverage=COVERAGE), "rows read", ("coverage",), alone(LONE, EXACT)
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found_and_its_route_told(name):
    leak = LEAKS[name]
    release, before = leak.naive()
    findings = audit(release, against=before).findings
    blamed = [finding for finding in findings if set(leak.where) <= set(finding.where)]
    assert blamed
    assert any(leak.by in route for finding in blamed for route in finding.route)


@pytest.mark.parametrize("name", LEAKS)
def test_the_same_records_give_nothing_away_under_ours(name):
    leak = LEAKS[name]
    release, before = (leak.ours or leak.naive)()
    assert audit(close(release, before), against=before).is_safe
