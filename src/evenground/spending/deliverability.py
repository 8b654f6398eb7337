"""How easily communities can be served, from reviewed records: capacity, travel, barriers; never a score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import polars as pl

from evenground.spending.communities import DELIVERABILITY, Communities, Flags
from evenground.spending.records import Deliverability, Intervention, Keys, Known

SOURCE: Final = "delivery_source"
OFFER: Final = "can_be_reached_by"
_APART: Final = "; "
_KINDS: Final = {"barriers_heard": pl.String, "capacity": pl.Float64, "travel_minutes": pl.Float64}


def describe_delivery(communities: Communities, records: Sequence[Deliverability]) -> pl.DataFrame:
    """What is known of how easily each community can be served; null where nobody has said.

    Parameters
    ----------
    communities
        Ranked communities. What the table has of its own stands: records say nothing over it.
    records
        Reviewed records. Of several that fit a community, the one with more keys is believed, for each fact.

    Returns
    -------
    polars.DataFrame
        One row a community in the order given: ``barriers_heard`` (words, ``;`` between), ``capacity``
        (people a week), ``travel_minutes``, and ``delivery_source``: who says so. Without records only those
        of the columns that the table has of its own.
    """
    own = [name for name in DELIVERABILITY if name in communities.frame.columns]
    given = communities.frame.select(own)
    if not records:
        return given
    facts = {name: np.full(communities.frame.height, None, dtype=object) for name in _KINDS}
    # Those with fewer keys first, so that those with more go over them.
    every = [(known, record.id) for record in records for known in record.known]
    for known, _ in sorted(every, key=lambda one: (len(one[0].communities), one[1])):
        chosen = _match(communities, known.communities)
        for name, fact in _facts_of(known).items():
            facts[name][chosen] = fact
    described = [
        pl.Series(name, facts[name].tolist(), dtype=kind) for name, kind in _KINDS.items() if name not in own
    ]
    sources = _join_names(
        communities.frame.height,
        SOURCE,
        ((one.source, communities, [known.communities for known in one.known]) for one in records),
    )
    return pl.concat([given, pl.DataFrame([*described, sources])], how="horizontal")


def describe_offer(communities: Communities, interventions: Sequence[Intervention]) -> pl.Series:
    """The interventions that can reach each community, by name, ``;`` between; null where none can."""
    return _join_names(
        communities.frame.height, OFFER, ((one.name, communities, [one.reaches]) for one in interventions)
    )


def _join_names(
    height: int, column: str, named: Iterable[tuple[str, Communities, Sequence[Keys]]]
) -> pl.Series:
    """The names whose keys fit each row, in order, each once."""
    fits: dict[str, Flags] = {}
    for name, communities, keys in named:
        found = np.any([_match(communities, some) for some in keys], axis=0)
        fits[name] = fits.get(name, np.zeros(height, dtype=np.bool_)) | found
    if not fits:
        return pl.Series(column, [None] * height, dtype=pl.String)
    words = [pl.when(pl.Series(chosen)).then(pl.lit(name)) for name, chosen in fits.items()]
    joined = pl.concat_str(words, separator=_APART, ignore_nulls=True)
    some = pl.any_horizontal(*(pl.Series(str(n), chosen) for n, chosen in enumerate(fits.values())))
    return pl.select(pl.when(some).then(joined).alias(column)).to_series()


def _match(communities: Communities, keys: Keys) -> Flags:
    if not set(keys) <= set(communities.frame.columns):
        return np.zeros(communities.frame.height, dtype=np.bool_)
    return communities.match(keys)


def _facts_of(known: Known) -> dict[str, object]:
    facts = {
        "barriers_heard": _APART.join(known.barriers_heard) or None,
        "capacity": known.capacity,
        "travel_minutes": known.travel_minutes,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}
