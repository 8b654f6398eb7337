"""A plan of spending as tables: what is bought where, who is reached, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.spending.communities import DELIVERABILITY, PLUS_COLUMN, Floats
from evenground.spending.draws import Draws, draw_reached
from evenground.spending.records import COMMUNITY, EVERYWHERE
from evenground.spending.request import Request
from evenground.vocabulary import ETHNIC_GROUPS

GROUPS: Final = (PLUS_COLUMN, "ethnic_group", "imd_quintile", "town", "ltla_code", "service_id")
_MOST_GROUPS: Final = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan is expected to do, and how sure that is.

    Attributes
    ----------
    units
        Shape (placements,).
    reached
        Shape (communities,): people expected to be reached.
    draws
        Shape (draws, communities): as drawn.
    spend
        Shape (communities,): pounds; what is paid once and for staff is shared out with the rest.
    contacts
        Shape (communities,).
    """

    units: Floats
    reached: Floats
    draws: Floats
    spend: Floats
    contacts: Floats
    cost: float


def judge_plan(request: Request, draws: Draws, units: Floats) -> Outcome:
    """The outcome of a plan, and of each community in it."""
    problem, placements = request.problem, request.problem.placements
    served, reached = draw_reached(problem, draws, units)
    drawn = np.zeros((len(reached), len(problem.missing)))
    drawn[:, served] = reached
    pairs = problem.member.tocoo()
    people = np.maximum(request.communities.eligible, 1e-9)
    in_place = np.bincount(pairs.col, people[pairs.row], len(placements))
    share = people[pairs.row] / in_place[pairs.col] * units[pairs.col]
    count = len(problem.missing)
    direct = np.bincount(pairs.row, share * placements.cost[pairs.col], count).astype(np.float64)
    contacts = np.bincount(pairs.row, share * placements.contacts[pairs.col], count).astype(np.float64)
    cost = problem.cost(units)
    spend = direct * (cost / direct.sum()) if direct.sum() > 0 else direct
    return Outcome(units, problem.reached(units), drawn, spend, contacts, cost)


def find_limits(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """The central interval of draws, over their first axis."""
    lower, upper = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return np.asarray(lower), np.asarray(upper)


def make_plan_table(request: Request, draws: Draws, units: Floats, level: float) -> pl.DataFrame:
    """What is bought where: one row for each intervention at a place.

    People whom several interventions reach in a community are shared out between these: the
    column adds up.
    """
    problem, communities = request.problem, request.communities
    placements, used = problem.placements, np.flatnonzero(units)
    served, drawn = draw_reached(problem, draws, units)
    strength = problem.strength[:, used]
    pairs = strength.tocoo()
    put = pairs.data * units[used][pairs.col]
    total = np.bincount(pairs.row, put, len(problem.missing))
    credit = put / total[pairs.row]
    expected = np.bincount(pairs.col, credit * problem.reached(units)[pairs.row], len(used))
    place = np.searchsorted(served, pairs.row)
    each = np.zeros((len(used), len(drawn)))
    np.add.at(each, pairs.col, (drawn[:, place] * credit).T)
    lower, upper = find_limits(each.T, level) if len(used) else (np.zeros(0), np.zeros(0))
    offered = [request.offer.interventions[number] for number in placements.intervention[used]]
    keys = communities.frame.select(communities.keys)
    rows = keys[placements.row[used].tolist()]
    where = [one.serves for one in offered]
    kept = {name: [serves in {COMMUNITY, name} for serves in where] for name in communities.keys}
    said = [_say_where(request, serves, int(number)) for serves, number in zip(where, used, strict=True)]
    rows = rows.with_columns(
        pl.when(pl.Series(kept[name], dtype=pl.Boolean)).then(pl.col(name)).alias(name) for name in kept
    )
    table: pl.DataFrame = rows.with_columns(
        pl.Series("where", said, dtype=pl.String),
        pl.Series("intervention_id", [one.id for one in offered], dtype=pl.String),
        pl.Series("intervention", [one.name for one in offered], dtype=pl.String),
        pl.Series("unit", [one.unit for one in offered], dtype=pl.String),
        pl.Series("units", units[used]).cast(pl.Int64),
        pl.Series("units_per_week", units[used] / request.weeks),
        pl.Series("contacts", placements.contacts[used] * units[used]),
        pl.Series("cost", placements.cost[used] * units[used]),
        pl.Series("expected_reached", expected),
        pl.Series("lower_cl", lower),
        pl.Series("upper_cl", upper),
        pl.lit(level).alias("confidence_level"),
        pl.Series("effect_source", [one.effect.source for one in offered], dtype=pl.String),
    )
    order = ["expected_reached", "intervention_id", *communities.keys]
    return table.sort(order, descending=[True, *(False for _ in order[1:])], nulls_last=True)


def _say_where(request: Request, serves: str, placement: int) -> str:
    communities = request.communities
    if serves == EVERYWHERE:
        return "everywhere"
    row = int(request.problem.placements.row[placement])
    names = communities.keys if serves == COMMUNITY else (serves,)
    said = "area_name" if "area_name" in communities.frame.columns else "area_code"
    told = [said if name == "area_code" else name for name in names]
    return ", ".join(name_value(name, str(communities.frame[name][row])) for name in told)


def name_value(column: str, value: str) -> str:
    """A value of a column of communities as people say it.

    >>> name_value("ethnic_group", "J"), name_value("town", "Old Town")
    ('Pakistani', 'Old Town')
    """
    return ETHNIC_GROUPS.get(value, value) if column == "ethnic_group" else value


def make_community_table(request: Request, outcome: Outcome, level: float) -> pl.DataFrame:
    """Every community, served or not, with what is spent on it and whom that reaches."""
    communities = request.communities
    lower, upper = find_limits(outcome.draws, level)
    known = [name for name in ("area_name", *DELIVERABILITY) if name in communities.frame.columns]
    return communities.frame.select(*communities.keys, *known).with_columns(
        communities.plus_groups().alias(PLUS_COLUMN),
        pl.Series("eligible", communities.eligible),
        pl.Series("expected_missing", communities.missing),
        pl.Series("equity_weight", request.weight),
        pl.Series("gain_per_person", request.worth.gain).fill_nan(None),
        pl.Series("evidence_id", request.worth.record, dtype=pl.String),
        pl.Series("contacts", outcome.contacts),
        pl.Series("spend", outcome.spend),
        pl.Series("expected_reached", outcome.reached),
        pl.Series("lower_cl", lower),
        pl.Series("upper_cl", upper),
        pl.lit(level).alias("confidence_level"),
    )


def make_group_table(
    request: Request,
    outcome: Outcome,
    others: dict[str, Outcome],
    groups: Sequence[str] | None,
    level: float,
) -> pl.DataFrame:
    """Results by group, beside those of other ways to spend the money.

    Groups are everybody, and each value of the columns asked for; by default those of ``GROUPS``
    that are there.
    """
    frames = []
    for name, labels in _list_groupings(request, groups):
        values = sorted(labels.drop_nulls().unique().to_list())
        frames += [
            _describe_group(
                request, outcome, others, name, value, (labels == value).fill_null(value=False), level
            )
            for value in values
        ]
    return pl.DataFrame(frames)


def _list_groupings(request: Request, groups: Sequence[str] | None) -> list[tuple[str, pl.Series]]:
    frame = request.communities.frame
    found = [("all", pl.Series(["everybody"] * frame.height))]
    for name in GROUPS if groups is None else groups:
        if name == PLUS_COLUMN:
            labels = request.communities.plus_groups()
        elif name in frame.columns:
            labels = frame[name].cast(pl.String)
        else:
            continue
        if groups is not None or labels.n_unique() <= _MOST_GROUPS:
            found.append((name, labels))
    return found


def _describe_group(
    request: Request,
    outcome: Outcome,
    others: dict[str, Outcome],
    name: str,
    value: str,
    member: pl.Series,
    level: float,
) -> dict[str, object]:
    chosen = member.to_numpy()
    missing = float(request.communities.missing[chosen].sum())
    reached = float(outcome.reached[chosen].sum())
    lower, upper = find_limits(outcome.draws[:, chosen].sum(axis=1), level)
    row: dict[str, object] = {
        "group": name,
        "value": value,
        "eligible": float(request.communities.eligible[chosen].sum()),
        "expected_missing": missing,
        "spend": float(outcome.spend[chosen].sum()),
        "expected_reached": reached,
        "lower_cl": float(lower),
        "upper_cl": float(upper),
        "confidence_level": level,
        "share_of_missing": reached / missing if missing > 0 else None,
    }
    for other, result in others.items():
        row[f"reached_{other}"] = float(result.reached[chosen].sum())
    return row
