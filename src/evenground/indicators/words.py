"""An expression in plain words, made from the expression itself: what is counted, not what was meant."""

from __future__ import annotations

from collections.abc import Mapping

from evenground.indicators.expressions import (
    LIMITS,
    Age,
    All,
    AnyOf,
    Count,
    EthnicGroupIs,
    Has,
    LatestCategory,
    LatestValue,
    Node,
    Not,
    SexIs,
    SomeOf,
    Turned,
    say_day,
)
from evenground.indicators.model import Feature
from evenground.vocabulary import ETHNIC_GROUPS


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
        case SomeOf():
            return _some_words(node, features)
        case Age() | Turned() | SexIs() | EthnicGroupIs():
            return _personal_words(node)
        case Has(feature):
            return features[feature].words or _record_words(node, features)
        case Count(feature, window):
            return f"days with a record of {_name(feature, features)}{window.words()}"
        case LatestValue() | LatestCategory():
            return _latest_words(node, features)


def _personal_words(node: Age | Turned | SexIs | EthnicGroupIs) -> str:
    match node:
        case Age(first, last, on_last):
            return _age_words(first, last) + (f" on the last {say_day(on_last)}" if on_last else "")
        case Turned(age, months):
            return f"who turned {age} in the last {months} months"
        case SexIs(values):
            return f"recorded as {' or '.join(value.replace('_', ' ') for value in values)}"
        case EthnicGroupIs(codes):
            return f"whose recorded ethnic group is {' or '.join(ETHNIC_GROUPS[code] for code in codes)}"


def _latest_words(node: LatestValue | LatestCategory, features: Mapping[str, Feature]) -> str:
    latest = f"whose latest {_name(node.feature, features)}{node.window.words()} is"
    if isinstance(node, LatestCategory):
        return f"{latest} {' or '.join(category.replace('_', ' ') for category in node.categories)}"
    unit = features[node.feature].unit or ""
    limits = " and ".join(f"{LIMITS[name]} {limit:g} {unit}".strip() for name, limit in node.limits())
    return f"{latest} {limits}"


def _some_words(node: SomeOf, features: Mapping[str, Feature]) -> str:
    number = f"at least {node.at_least}"
    if node.at_most is not None:
        many = node.at_most > node.at_least
        number = f"{node.at_least} to {node.at_most}" if many else f"exactly {node.at_least}"
    return f"for whom {number} of these {len(node.of)} hold: " + "; ".join(
        in_words(child, features) for child in node.of
    )


def _record_words(node: Has, features: Mapping[str, Feature]) -> str:
    name = _name(node.feature, features)
    records = (
        f"with a record of {name}"
        if node.times == 1
        else f"with records of {name} on at least {node.times} days"
    )
    before = f" before the age of {node.before_age}" if node.before_age else ""
    return f"{records}{node.window.words()}{before}"


def _bracketed(node: Node, features: Mapping[str, Feature]) -> str:
    words = in_words(node, features)
    return f"({words})" if isinstance(node, All | AnyOf | SomeOf) else words


def _age_words(first: int | None, last: int | None) -> str:
    if last is None:
        return f"aged {first} and over"
    return f"aged {last} and under" if first is None else f"aged {first} to {last}"


def _name(feature: str, features: Mapping[str, Feature]) -> str:
    name = features[feature].name
    keeps_capitals = name.split()[0].isupper() or any(letter.isupper() for letter in name.split()[0][1:])
    return name if keeps_capitals else name[0].lower() + name[1:]
