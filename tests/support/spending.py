"""Invented interventions and communities to spend money on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from evenground.spending import Effect, Evidence, Figure, Intervention, Offer, Role

REVIEWED: dict[str, Any] = {
    "author": "Prevention lead",
    "checker": "Public health consultant",
    "review_date": dt.date(2027, 11, 30),
}
BY = ["area_code", "ethnic_group"]
GROUPS = ("A", "J", "N")


def make_effect(value: float, spread: float = 0.4) -> Effect:
    """An effect whose interval goes a share of its value to either side."""
    return Effect(
        value=value,
        lower=value * (1 - spread),
        upper=min(1.0, value * (1 + spread)),
        source="local assumption",
        reason="Made up for a test",
    )


def make_intervention(
    name: str = "clinic", *, effect: float = 0.5, contacts: int = 50, each: float = 100.0, **more: Any
) -> Intervention:
    """One that costs ``each`` pounds a unit and contacts so many people."""
    cost = {"each": each} | more.pop("cost", {})
    capacity = {"contacts": contacts} | more.pop("capacity", {})
    facts: dict[str, Any] = {"name": f"The {name}", "kind": "outreach_clinic", "unit": "session"}
    return Intervention(
        **REVIEWED, id=name, cost=cost, capacity=capacity, effect=make_effect(effect), **(facts | more)
    )


def make_role(name: str = "nurse", **facts: Any) -> Role:
    """Staff of forty hours and £500 a week."""
    hours = {"hours_per_week": 40.0, "cost_per_week": 500.0}
    return Role(**REVIEWED, id=name, name=name.capitalize(), **(hours | facts))


def make_evidence(name: str, service: str, gain: float, **facts: Any) -> Evidence:
    """A record of a gain in quality-adjusted life years."""
    figure = Figure(value=gain, lower=gain * 0.6, upper=gain * 1.5, source="A made-up trial, 2020")
    more: dict[str, Any] = {"unit": "quality-adjusted life years", "population": "Adults of a made-up trial"}
    dates = {"reviewed": dt.date(2026, 11, 1)}
    return Evidence(
        **REVIEWED, **dates, id=name, name=f"Gain by {name}", service=service, gain=figure, **(more | facts)
    )


def make_table(
    missing: list[float], eligible: list[float] | None = None, **columns: list[Any]
) -> pl.DataFrame:
    """One community a figure, each in an area of its own, with an interval of a fifth either way."""
    people = np.array(missing)
    return pl.DataFrame(
        {
            "area_code": [f"E{number:08}" for number in range(len(missing))],
            "eligible": eligible or [100.0] * len(missing),
            "expected_missing": people,
            "lower_cl": 0.8 * people,
            "upper_cl": 1.2 * people,
            **columns,
        }
    )


def make_place(communities: int, seed: int = 0) -> pl.DataFrame:
    """A place of areas and three groups, in four towns, with a national deprivation fifth each."""
    rng = np.random.default_rng(seed)
    area = np.arange(communities) // len(GROUPS)
    eligible = np.round(rng.lognormal(5.0, 0.7, communities)) + 10
    missing = eligible * rng.beta(1.5, 8, communities)
    return pl.DataFrame(
        {
            "area_code": [f"E{number:08}" for number in area],
            "ethnic_group": [GROUPS[number % len(GROUPS)] for number in range(communities)],
            "town": [f"Town {number % 4}" for number in area],
            "imd_quintile": 1 + area * 7 % 5,
            "eligible": eligible,
            "reached": np.floor(0.8 * (eligible - missing)),
            "expected_missing": missing,
            "lower_cl": 0.7 * missing,
            "upper_cl": np.minimum(1.4 * missing, eligible),
        }
    )


def make_offer() -> Offer:
    """Five things to buy: in a community, an area and everywhere, with set-up costs, staff and limits."""
    return Offer(
        (
            make_intervention("clinic", effect=0.2, contacts=60, each=450, staff={"nurse": 7.0}),
            make_intervention(
                "champions",
                effect=0.18,
                contacts=25,
                each=120,
                cost={"set_up": 500.0, "per_contact": 1.5},
                capacity={"per_week": 6},
                reaches={"ethnic_group": ("J",)},
            ),
            make_intervention("evening", effect=0.15, each=380, serves="area_code", capacity={"per_week": 2}),
            make_intervention(
                "reminders",
                effect=0.04,
                contacts=300,
                each=60,
                serves="everywhere",
                cost={"set_up": 2000.0, "per_contact": 0.8},
                capacity={"per_week": 1, "who": "not_reached"},
            ),
            make_intervention("pharmacy", effect=0.25, contacts=30, each=200, cost={"per_contact": 6.0}),
        ),
        (make_role(at_most=3),),
    )
