"""An expression in plain words, made from the expression itself: what is counted, not what was meant."""

from __future__ import annotations

from collections.abc import Mapping

from evenground.indicators.expressions import (
    LIMITS,
    Age,
    All,
    AnyOf,
    Count,
    Has,
    LatestCategory,
    LatestValue,
    Node,
    Not,
    SexIs,
)
from evenground.indicators.model import Feature


def in_words(node: Node, features: Mapping[str, Feature]) -> str:
    """The expression as a phrase that follows 'people'.

    >>> in_words(All((Age(60, 74), SexIs(("female",)))), {})
    'aged 60 to 74 and recorded as female'
    """
    match node:
        case All(of) | AnyOf(of):
            joiner = " and " if isinstance(node, All) else " or "
            return joiner.join(_bracketed(child, features) for child in of)
        case Not(of):
            return f"not ({in_words(of, features)})"
        case Age(first, last):
            return _age_words(first, last)
        case SexIs(values):
            return f"recorded as {' or '.join(value.replace('_', ' ') for value in values)}"
        case Has(feature, window):
            return f"with a record of {_name(feature, features)}{window.words()}"
        case Count(feature, window):
            return f"days with a record of {_name(feature, features)}{window.words()}"
        case LatestValue(feature, window):
            unit = features[feature].unit or ""
            limits = " and ".join(f"{LIMITS[name]} {limit:g} {unit}".strip() for name, limit in node.limits())
            return f"whose latest {_name(feature, features)}{window.words()} is {limits}"
        case LatestCategory(feature, window, categories):
            found = " or ".join(category.replace("_", " ") for category in categories)
            return f"whose latest {_name(feature, features)}{window.words()} is {found}"


def _bracketed(node: Node, features: Mapping[str, Feature]) -> str:
    words = in_words(node, features)
    return f"({words})" if isinstance(node, All | AnyOf) else words


def _age_words(first: int | None, last: int | None) -> str:
    if last is None:
        return f"aged {first} and over"
    return f"aged {last} and under" if first is None else f"aged {first} to {last}"


def _name(feature: str, features: Mapping[str, Feature]) -> str:
    name = features[feature].name
    keeps_capitals = name.split()[0].isupper() or any(letter.isupper() for letter in name.split()[0][1:])
    return name if keeps_capitals else name[0].lower() + name[1:]
