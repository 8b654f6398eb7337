"""What a ranking of counts can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from evenground.errors import InputError, suggest
from evenground.reach.counts import require_share


class CountsOrder(StrEnum):
    """What communities are ranked by."""

    TOTAL = "total"
    PER_CONTACT = "per-contact"
    LOCAL = "local"


class Shortfall(StrEnum):
    """Whether people above the standard in one stratum make up for those below it in another."""

    COMMUNITY = "community"
    STRATA = "strata"


class Contacted(StrEnum):
    """Whom a team that visits a community contacts."""

    ELIGIBLE = "eligible"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True)
class Options:
    """What a ranking of counts is asked for.

    Attributes
    ----------
    standard
        The share that ought to be reached, from 0 to 1.
    order
        What communities are ranked by.
    shortfall
        Whether a community as a whole is held against the standard, or each of its strata.
    contacted
        Whom a contact is spent on.
    capacity
        How many contacts can be made, if that is known.
    top
        The ``k`` of the probability of being among the first ``k``.
    flag_fdr
        The share of the flagged communities that may be at the standard after all; ``None``: no flags.
    confidence_level
        Of the intervals.
    seed
        Of the draws.
    """

    standard: float
    order: CountsOrder = CountsOrder.TOTAL
    shortfall: Shortfall = Shortfall.COMMUNITY
    contacted: Contacted = Contacted.ELIGIBLE
    capacity: int | None = None
    top: int = 10
    flag_fdr: float | None = None
    confidence_level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise on the first option that is out of its range."""
        require_share("standard", self.standard)
        require_share("confidence level", self.confidence_level, open_ended=True)
        if self.flag_fdr is not None:
            require_share("rate of false discoveries", self.flag_fdr, open_ended=True)
        for name, least in (("top", self.top), ("capacity", self.capacity)):
            if least is not None and least < 1:
                raise InputError(f"The {name} must be at least 1, but {least} was given.")


Kind = TypeVar("Kind", bound=StrEnum)


def read_options(
    *,
    standard: float,
    order: str = "total",
    shortfall: str = "community",
    contacted: str = "eligible",
    capacity: int | None = None,
    top: int = 10,
    flag_fdr: float | None = None,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> Options:
    """The options from what a user wrote; an unknown word is told the nearest known one."""
    return Options(
        standard,
        _choose(CountsOrder, "order", order),
        _choose(Shortfall, "shortfall", shortfall),
        _choose(Contacted, "contacted", contacted),
        capacity,
        top,
        flag_fdr,
        confidence_level,
        seed,
    )


def _choose(kind: type[Kind], name: str, value: str) -> Kind:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f'The {name} "{value}" is not known. {suggest(value, list(kind))}') from None
