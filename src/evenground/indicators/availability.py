"""Which indicators the records at hand can say something about, and which they are silent on.

Where no source ever recorded any code of a feature, its absence from a person's record means nothing: nobody
could have had it. An indicator that this silence alone decides, the same for everybody, would show 0 per cent
or everybody, and neither would be true. It is left out and named instead.
"""

from __future__ import annotations

from collections.abc import Collection

from evenground.indicators.expressions import (
    All,
    AnyOf,
    Count,
    Has,
    LatestCategory,
    LatestValue,
    Node,
    Not,
    SomeOf,
    features_of,
)
from evenground.indicators.model import Definitions, Membership
from evenground.vocabulary import WHOLE_BY_RECORDS


def find_unrecorded(
    definitions: Definitions, recorded: Collection[tuple[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Indicators that cannot be told from the records, with the names of the features that nobody recorded.

    Parameters
    ----------
    recorded
        Code system and code of everything that any source recorded of anybody.
    """
    silent = _find_silent(definitions, recorded)
    found = {}
    for indicator in definitions.indicators.values():
        nodes = [definitions.expand(part.node) for part in (indicator.denominator, indicator.numerator)]
        if any(settle(node, silent) is not None for node in nodes):
            missing = silent & {name for node in nodes for name in features_of(node)}
            found[indicator.id] = tuple(definitions.features[name].name for name in sorted(missing))
    return found


def find_untold_groups(
    definitions: Definitions, recorded: Collection[tuple[str, str]]
) -> dict[Membership, tuple[str, ...]]:
    """PLUS groups and segments that cannot be told from the records, with the features nobody recorded.

    One segment that cannot be told spoils them all: its people would be counted in a later one.
    """
    silent = _find_silent(definitions, recorded)
    found: dict[Membership, tuple[str, ...]] = {}
    for one in definitions.memberships:
        node = definitions.expand(one.node)
        if settle(node, silent) is not None:
            missing = silent & set(features_of(node))
            found[one] = tuple(definitions.features[name].name for name in sorted(missing))
    spoilt = {one.cut for one in found} & {*WHOLE_BY_RECORDS}
    found |= {one: () for one in definitions.memberships if one.cut in spoilt and one not in found}
    return found


def find_untold_features(
    definitions: Definitions, node: Node, recorded: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """The names of features that nobody recorded and that alone decide a part of an expression.

    Stricter than for an indicator: where no care plan was ever recorded, 'people without a care plan' would
    be everybody, though who else is in it still depends on people.
    """
    silent = _find_silent(definitions, recorded)
    whole = definitions.expand(node)
    parts = whole.of if isinstance(whole, All) else (whole,)
    settled = [part for part in parts if settle(part, silent) is not None]
    missing = silent & {name for part in settled for name in features_of(part)}
    return tuple(definitions.features[name].name for name in sorted(missing))


def _find_silent(definitions: Definitions, recorded: Collection[tuple[str, str]]) -> set[str]:
    """The features of which nobody has a record."""
    return {
        feature.id
        for feature in definitions.features.values()
        if not feature.is_rule
        and not any(
            (code.code_system, code.code) in recorded
            for code in definitions.codelists[feature.codelist].codes
        )
    }


def settle(node: Node, silent: Collection[str]) -> bool | None:
    """What the silence of some features alone makes of an expression; ``None`` where it depends on people.

    >>> from evenground.indicators.expressions import Window
    >>> told, silent = Has("told", Window()), Has("silent", Window())
    >>> settle(All((told, silent)), {"silent"}), settle(AnyOf((told, silent)), {"silent"})
    (False, None)
    """
    match node:
        case All(of):
            return _settle_number(of, len(of), len(of), silent)
        case AnyOf(of):
            return _settle_number(of, 1, len(of), silent)
        case SomeOf(of, at_least, at_most):
            return _settle_number(of, at_least, len(of) if at_most is None else at_most, silent)
        case Not(of):
            inner = settle(of, silent)
            return None if inner is None else not inner
        case Has(feature) | LatestValue(feature) | LatestCategory(feature) | Count(feature):
            return False if feature in silent else None
    return None


def _settle_number(of: Collection[Node], least: int, most: int, silent: Collection[str]) -> bool | None:
    parts = [settle(child, silent) for child in of]
    lowest = parts.count(True)
    highest = lowest + parts.count(None)
    if highest < least or lowest > most:
        return False
    return True if lowest >= least and highest <= most else None
