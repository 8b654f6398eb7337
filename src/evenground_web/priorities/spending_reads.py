"""What a budget buys by a release's ranking and the place's own records of what can be bought."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from evenground.errors import EvengroundError
from evenground.releases import Release
from evenground.reports.charts import Figure
from evenground.reports.frontier import draw_frontier
from evenground.spending import Spending, load_evidence, load_offer, plan_spending
from evenground.spending.released import read_released
from evenground.vocabulary import ALL_SERVICES
from evenground_web.priorities import reads
from evenground_web.priorities.place_records import digest_records, evidence_folders, find_folder
from evenground_web.priorities.what_if import read_ranking
from evenground_web.profiles.reads import ReleaseKey

TABLES: Final = ("plan", "communities", "groups", "frontier", "floors", "comparisons", "staff")
PLANS: Final = {
    "plan": "This plan",
    "by_head": "Spend by head",
    "by_deprivation": "Spend by deprivation only",
}
MAIN_GROUPS: Final = {"all": "Everybody", "plus_group": "Plus group"}
GROUPS: Final = MAIN_GROUPS | {"ethnic_group": "Ethnic group"}
WEIGHTS: Final = {
    "none": "Every person counts the same",
    "proportionate": "The most deprived count twice as much",
    "proportionate:3": "The most deprived count four times as much",
    "atkinson:0.5": "More where uptake is low (Atkinson, 0.5)",
    "atkinson:1": "Much more where uptake is low (Atkinson, 1)",
}


@dataclass(frozen=True, slots=True)
class SpendingChoice:
    """What is spent on what, for how long and how fairly; against another standard where one is given."""

    service: str
    kind: str
    budget: float
    weeks: float
    weights: str
    floors: str
    fair: bool
    standard: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan, or the sentences that say why there is none."""

    spending: Spending | None
    figure: Figure | None
    problem: str = ""


def has_offer() -> bool:
    """Whether the place has written what can be bought."""
    return any(find_folder("interventions").glob("*.toml"))


def services(release: Release) -> dict[str, str]:
    """The services that money can be spent on."""
    return {key: name for key, name in reads.services(release).items() if key != ALL_SERVICES}


def read_answer(release: Release, choice: SpendingChoice) -> Answer:
    """The plan for a choice; worked out once for a release and what can be bought."""
    return _read_answer(ReleaseKey(release), choice, digest_records())


@lru_cache(maxsize=64)
def _read_answer(key: ReleaseKey, choice: SpendingChoice, _digest: str) -> Answer:
    try:
        frame, keys = read_released(key.release, choice.service, choice.kind, _rank_again(key, choice))
        spending = plan_spending(
            frame,
            load_offer(find_folder("interventions")),
            budget=choice.budget,
            by=keys,
            weeks=choice.weeks,
            evidence=load_evidence(*evidence_folders()),
            service=choice.service,
            weights=choice.weights,
            floors=choice.floors.split(),
            careful=False,
            frontier=choice.fair,
        )
    except EvengroundError as error:
        return Answer(None, None, str(error))
    figure = draw_frontier(spending.frontier, spending.budget) if choice.fair else None
    return Answer(spending, figure)


def _rank_again(key: ReleaseKey, choice: SpendingChoice) -> pl.DataFrame | None:
    if choice.standard is None:
        return None
    return read_ranking(key.release, choice.service, choice.kind, "total", choice.standard)
