"""What a person reached counts for, by who they are: equity weights, always shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import Fault
from evenground.spending.communities import Communities, Floats, find_key_faults

_LEAST_UPTAKE: Final = 0.01
_MOST: Final = 100.0
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Weights:
    """A rule for weights, as ``read_weights`` reads it from what a user wrote.

    Attributes
    ----------
    kind
        ``none``, ``proportionate``, ``atkinson`` or ``explicit``.
    strength
        How much more the most deprived count than the least, or Atkinson's epsilon.
    explicit
        Column, value and weight.
    """

    kind: str = NONE
    strength: float = 0.0
    explicit: tuple[tuple[str, str, float], ...] = ()

    @property
    def words(self) -> str:
        """The rule in a sentence."""
        if self.kind == "proportionate":
            return (
                "Weights: by deprivation. A person reached in the most deprived community counts "
                f"{1 + self.strength:g} times one in the least deprived."
            )
        if self.kind == "atkinson":
            return (
                f"Weights: Atkinson with epsilon {self.strength:g}. Where uptake is half as high, a person "
                f"reached counts {2**self.strength:.2g} times as much."
            )
        if self.kind == "explicit":
            told = ", ".join(f"{column} {value}: {weight:g}" for column, value, weight in self.explicit)
            return f"Weights, as given: {told}; everybody else 1."
        return "Weights: none. Every person reached counts the same."


def read_weights(text: str) -> tuple[Weights, list[Fault]]:
    """A rule from words: ``none``, ``proportionate[:S]``, ``atkinson:E`` or ``COLUMN=VALUE:W,...``.

    Parameters
    ----------
    text
        Such as ``atkinson:0.5`` or ``ethnic_group=J:2,imd_quintile=1:1.5``. Of a community that
        several explicit weights are for, the weight is their product.
    """
    name, colon, number = text.strip().partition(":")
    if "=" in text:
        return _read_explicit(text)
    if name == NONE and not colon:
        return Weights(), []
    if name == "proportionate":
        strength = _number(number) if colon else 1.0
        if 0 < strength <= _MOST:
            return Weights(name, strength), []
        what = f'"{number}" is not how much more the most deprived count.'
        return Weights(), [Fault("weights", what, "Give a number above 0, such as proportionate:1.")]
    if name == "atkinson":
        epsilon = _number(number)
        if 0 < epsilon <= 10:
            return Weights(name, epsilon), []
        what = f'"{number}" is no epsilon.'
        return Weights(), [Fault("weights", what, "Always name it, from 0 to 10, such as atkinson:0.5.")]
    fix = "Write none, proportionate, proportionate:2, atkinson:0.5 or such as ethnic_group=J:2."
    return Weights(), [Fault("weights", f'"{text}" is not known.', fix)]


def _read_explicit(text: str) -> tuple[Weights, list[Fault]]:
    given, faults = [], []
    for part in text.split(","):
        key, colon, number = part.strip().rpartition(":")
        column, equals, value = key.partition("=")
        weight = _number(number)
        if not (colon and equals and 0 <= weight <= _MOST):
            faults.append(
                Fault("weights", f'"{part.strip()}" is no weight.', "Write such as ethnic_group=J:2, from 0.")
            )
            continue
        given.append((column.strip(), value.strip(), weight))
    return Weights("explicit", 0.0, tuple(given)), faults


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def find_weight_faults(communities: Communities, weights: Weights) -> Iterator[Fault]:
    """Weights that these communities cannot have."""
    if weights.kind == "proportionate" and communities.deprivation() is None:
        fix = "Give imd_rank, imd_decile or imd_quintile (1 = most deprived) for every community."
        yield Fault("weights", "how deprived the communities are is not known.", fix)
    if weights.kind == "atkinson" and find_uptake(communities) is None:
        fix = "Give reached or estimated_uptake for every community."
        yield Fault("weights", "uptake is not known of every community.", fix)
    for column, value, _ in weights.explicit:
        yield from find_key_faults(communities, "weights", {column: (value,)})


def make_weights(communities: Communities, weights: Weights) -> Floats:
    """The weight of a person reached in each community.

    Those by deprivation and by Atkinson are scaled so that their mean over the people missing out is 1.

    References
    ----------
    Marmot M. Fair society, healthy lives. 2010 (proportionate universalism). Atkinson AB. On the measurement
    of inequality. J Econ Theory 1970;2:244-63: the weights are the slopes of his welfare function at the
    uptake of today.
    """
    made = np.ones(len(communities.missing))
    for column, value, weight in weights.explicit:
        made = made * np.where(communities.match({column: (value,)}), weight, 1.0)
    deprivation, uptake = communities.deprivation(), find_uptake(communities)
    if weights.kind == "proportionate" and deprivation is not None:
        made = 1 + weights.strength * deprivation
    elif weights.kind == "atkinson" and uptake is not None:
        made = np.maximum(uptake, _LEAST_UPTAKE) ** -weights.strength
    else:
        return made
    people = communities.missing.sum()
    return made * people / (made @ communities.missing) if people > 0 else made


def find_uptake(communities: Communities) -> Floats | None:
    """The share reached today: as estimated where that is known, else as counted."""
    frame = communities.frame
    known = []
    if "estimated_uptake" in frame.columns:
        known.append(pl.col("estimated_uptake"))
    if "reached" in frame.columns:
        known.append(pl.col("reached") / pl.when(pl.col("eligible") > 0).then(pl.col("eligible")))
    if not known:
        return None
    found = frame.select(pl.coalesce(known)).to_series()
    return None if found.null_count() else found.to_numpy().astype(np.float64)
