"""What may stand in a numerator or denominator: a few whitelisted nodes, read from TOML, told in words.

An expression says which people it holds for. It is data: a table with one leading key, which names the
node, and the keys that belong to it::

    all = [ ... ]                                            every one of these holds
    any = [ ... ]                                            at least one of these holds
    not = { ... }                                            this does not hold
    age = { from = 60, to = 74 }                             completed years, both ends included
    age = { from = 2, to = 3, on_last = "08-31" }            ... on the latest 31 August
    turned = { age = 2, within_months = 12 }                 had this birthday in the last 12 months
    sex = "female"                                           or a list
    ethnic_group = ["asian", "black"]                        five groups, or codes of NHS 16+1, or missing
    feature = "bowel_screening", within_months = 30          at least one such record
    feature = "mmr_vaccination", times = 2, before_age = 5   records on two days before the fifth birthday
    some_of = ["asthma", "copd", "diabetes"], at_least = 2   how many of these hold
    latest = "systolic_blood_pressure", below = 140          the latest value: below, at_most, above, at_least
    latest = "smoking_status", is = "current_smoker"         the latest category: one or a list
    count = "copd_emergency_admission", within_months = 36   how many (the numerator of a rate only)

``within_months = 12`` looks back twelve calendar months from the date of the figures;
``since_last = "09-01"`` looks back to the latest 1 September. Without either,
any record up to that date counts.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from evenground.errors import Fault, suggest
from evenground.vocabulary import ETHNIC_GROUP_TO_5, ETHNIC_GROUPS, ETHNIC_GROUPS_5, Sex

MAX_AGE: Final = 130
MAX_MONTHS: Final = 1500
MAX_TIMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """How far back a record counts: some calendar months, back to a day of the year, or for ever."""

    months: int | None = None
    since: tuple[int, int] | None = None

    def cutoff(self, as_at: dt.date) -> dt.date | None:
        """The last day that does **not** count, or ``None`` where every day up to ``as_at`` does.

        The last day of a month goes back to the last day of a month, so that whole months stay whole: twelve
        months to 28 February 2025 begin on 1 March 2024.
        """
        if self.months is not None:
            return months_before(as_at, self.months)
        if self.since is not None:
            return latest_day(self.since, as_at) - dt.timedelta(days=1)
        return None

    def words(self) -> str:
        """The window as the end of a sentence, with a space before it."""
        if self.months is not None:
            return f" in the last {self.months} months"
        if self.since is not None:
            return f" since the last {say_day(self.since)}"
        return ""


@dataclass(frozen=True, slots=True)
class All:
    """Every one of ``of`` holds."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of ``of`` holds."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``of`` does not hold."""

    of: Node


@dataclass(frozen=True, slots=True)
class SomeOf:
    """At least ``at_least`` of these hold, and at most ``at_most`` where it is given."""

    of: tuple[Node, ...]
    at_least: int
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years, both ends included. Born on 29 February: a year older on 1 March in other years.

    ``on_last`` is a month and a day: the age on the latest such day counts, of people born by then.
    """

    first: int | None
    last: int | None
    on_last: tuple[int, int] | None = None

    def day(self, as_at: dt.date) -> dt.date:
        """The day on which the age counts."""
        return as_at if self.on_last is None else latest_day(self.on_last, as_at)


@dataclass(frozen=True, slots=True)
class Turned:
    """Had the birthday ``age`` within the last ``months`` months."""

    age: int
    months: int


@dataclass(frozen=True, slots=True)
class SexIs:
    """Sex as recorded is one of these."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EthnicGroupIs:
    """Ethnic group as recorded is one of these codes of NHS 16+1, or missing."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Records of the feature on at least ``times`` days: in the window, before the birthday ``before_age``.

    A feature of the kind ``rule`` has no records: there it says that the rule's own expression holds.
    """

    feature: str
    window: Window
    times: int = 1
    before_age: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether any one record will do, whenever it was."""
        return self == Has(self.feature, Window())


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The latest plausible value lies in the window and meets every limit. Of one day, the highest counts."""

    feature: str
    window: Window
    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None

    def limits(self) -> tuple[tuple[str, float], ...]:
        """The limits given, by name."""
        named = ((name, getattr(self, name)) for name in LIMITS)
        return tuple((name, limit) for name, limit in named if limit is not None)


@dataclass(frozen=True, slots=True)
class LatestCategory:
    """The latest category lies in the window and is one of these. Of one day, the first of the code list."""

    feature: str
    window: Window
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many days in the window have a record of the feature: records of one day are one event."""

    feature: str
    window: Window


Node: TypeAlias = (
    All
    | AnyOf
    | Not
    | SomeOf
    | Age
    | Turned
    | SexIs
    | EthnicGroupIs
    | Has
    | LatestValue
    | LatestCategory
    | Count
)

LIMITS: Final = {"below": "below", "at_most": "at most", "above": "above", "at_least": "at least"}
_WINDOW_KEYS: Final = ("within_months", "since_last")
_LEAF_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "all": (),
    "any": (),
    "not": (),
    "some_of": ("at_least", "at_most", *_WINDOW_KEYS),
    "age": (),
    "turned": (),
    "sex": (),
    "ethnic_group": (),
    "feature": (*_WINDOW_KEYS, "times", "before_age"),
    "latest": (*_WINDOW_KEYS, *LIMITS, "is"),
    "count": _WINDOW_KEYS,
}


def months_before(day: dt.date, months: int) -> dt.date:
    """The day ``months`` calendar months earlier; the last day of a month gives the last day of a month.

    >>> months_before(dt.date(2026, 3, 31), 12), months_before(dt.date(2025, 2, 28), 12)
    (datetime.date(2025, 3, 31), datetime.date(2024, 2, 29))
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    at_month_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(year, month + 1, last if at_month_end else min(day.day, last))


def say_day(month_and_day: tuple[int, int]) -> str:
    """A day of the year in words: 1 September."""
    month, day = month_and_day
    return f"{day} {calendar.month_name[month]}"


def latest_day(month_and_day: tuple[int, int], as_at: dt.date) -> dt.date:
    """The latest such day of a year up to ``as_at``.

    >>> latest_day((9, 1), dt.date(2026, 3, 31))
    datetime.date(2025, 9, 1)
    """
    this_year = dt.date(as_at.year, *month_and_day)
    return this_year if this_year <= as_at else dt.date(as_at.year - 1, *month_and_day)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it."""
    yield node
    inner = node.of if isinstance(node, All | AnyOf | SomeOf) else (node.of,) if isinstance(node, Not) else ()
    for child in inner:
        yield from walk(child)


def expand(node: Node, rules: Mapping[str, Node]) -> Node:
    """The expression with every rule that it names, however deep, replaced by what the rule says."""
    match node:
        case Has(feature) if feature in rules:
            return expand(rules[feature], rules)
        case All(of) | AnyOf(of):
            return type(node)(tuple(expand(child, rules) for child in of))
        case SomeOf(of, at_least, at_most):
            return SomeOf(tuple(expand(child, rules) for child in of), at_least, at_most)
        case Not(of):
            return Not(expand(of, rules))
    return node


def features_of(node: Node) -> set[str]:
    """The ids of the features that an expression names."""
    return {
        leaf.feature for leaf in walk(node) if isinstance(leaf, Has | LatestValue | LatestCategory | Count)
    }


def parse(raw: Any, where: str) -> tuple[Node | None, list[Fault]]:
    """Read one expression. ``None`` with the faults where it cannot be read.

    Parameters
    ----------
    raw
        The table as TOML gives it.
    where
        File and key, for the faults.
    """
    if not isinstance(raw, Mapping) or not raw:
        return None, [
            Fault(where, "is not an expression.", f"Start it with one of: {', '.join(_LEAF_KEYS)}.")
        ]
    leading = [key for key in raw if key in _LEAF_KEYS]
    if len(leading) != 1:
        return None, [_leading_fault(raw, leading, where)]
    key = leading[0]
    allowed = {key, *_LEAF_KEYS[key]}
    faults = [
        Fault(f"{where}.{name}", f'does not belong beside "{key}".', suggest(name, allowed - {key}))
        for name in raw
        if name not in allowed
    ]
    if faults:
        return None, faults
    return _PARSERS[key](raw, where)


def _leading_fault(raw: Mapping[str, Any], leading: list[str], where: str) -> Fault:
    if leading:
        found = ", ".join(leading)
        return Fault(where, f"holds {found} side by side.", "Put them in a list: all = [{ ... }, { ... }].")
    name = next(iter(raw))
    return Fault(f"{where}.{name}", "is not a kind of expression.", suggest(name, _LEAF_KEYS))


def _parse_list(kind: type[All] | type[AnyOf]) -> Callable[[Mapping[str, Any], str], _Parsed]:
    key = "all" if kind is All else "any"

    def read(raw: Mapping[str, Any], where: str) -> _Parsed:
        items = raw[key]
        if not isinstance(items, list) or not items:
            return None, [
                Fault(f"{where}.{key}", "is not a list of expressions.", "Write [{ ... }, { ... }].")
            ]
        parsed = [parse(item, f"{where}.{key}[{number}]") for number, item in enumerate(items, start=1)]
        faults = [fault for _, found in parsed for fault in found]
        nodes = tuple(node for node, _ in parsed if node is not None)
        return (None, faults) if faults else (kind(nodes), [])

    return read


def _parse_not(raw: Mapping[str, Any], where: str) -> _Parsed:
    node, faults = parse(raw["not"], f"{where}.not")
    return (None, faults) if node is None else (Not(node), [])


def _parse_some_of(raw: Mapping[str, Any], where: str) -> _Parsed:
    items = raw["some_of"]
    if not isinstance(items, list) or not items:
        fix = 'Write some_of = ["asthma", "copd", "diabetes"], at_least = 2.'
        return None, [Fault(f"{where}.some_of", "is not a list of features.", fix)]
    window, faults = _read_window(raw, where)
    nodes: list[Node] = []
    for number, item in enumerate(items, start=1):
        place = f"{where}.some_of[{number}]"
        if isinstance(item, str) and item:
            nodes.append(Has(item, window))
            continue
        node, found = parse(item, place)
        if node is not None and window != Window():
            found = [Fault(place, "has a window of its own.", "Name a feature, or give each its own window.")]
        faults += found
        nodes += [node] if node is not None else []
    faults += _check_some_of(raw, nodes, where)
    return (None, faults) if faults else (SomeOf(tuple(nodes), raw["at_least"], raw.get("at_most")), [])


def _check_some_of(raw: Mapping[str, Any], nodes: list[Node], where: str) -> Iterator[Fault]:
    number = len(raw["some_of"])
    least, most = raw.get("at_least"), raw.get("at_most", number)
    if not _is_whole(least, 1, number):
        what = "is missing." if least is None else f"is {least!r}, not a whole number from 1 to {number}."
        yield Fault(f"{where}.at_least", what, "Say how many of the list must hold.")
    elif not _is_whole(most, least, number):
        yield Fault(f"{where}.at_most", f"is {most!r}, not a whole number from {least} to {number}.")
    if len(set(nodes)) < len(nodes):
        yield Fault(f"{where}.some_of", "names one thing twice.", "It would count twice: keep one.")


def _parse_age(raw: Mapping[str, Any], where: str) -> _Parsed:
    ages = raw["age"]
    fix = "Write age = { from = 60, to = 74 }; leave out the end that has no limit."
    if (
        not isinstance(ages, Mapping)
        or not {"from", "to"} & set(ages)
        or set(ages) - {"from", "to", "on_last"}
    ):
        return None, [Fault(f"{where}.age", "does not give 'from' or 'to' in years.", fix)]
    years = {key: age for key, age in ages.items() if key != "on_last"}
    if not all(_is_whole(age, 0, MAX_AGE) for age in years.values()):
        return None, [Fault(f"{where}.age", f"holds {years}, not whole years from 0 to {MAX_AGE}.", fix)]
    first, last = ages.get("from"), ages.get("to")
    if first is not None and last is not None and first > last:
        return None, [Fault(f"{where}.age", f"goes from {first} to {last}.", "Put the younger age first.")]
    on_last, faults = _read_day(ages.get("on_last"), f"{where}.age.on_last")
    return (None, faults) if faults else (Age(first, last, on_last), [])


def _parse_turned(raw: Mapping[str, Any], where: str) -> _Parsed:
    birthday = raw["turned"]
    fix = "Write turned = { age = 2, within_months = 12 }."
    if not isinstance(birthday, Mapping) or set(birthday) != {"age", "within_months"}:
        return None, [Fault(f"{where}.turned", "does not give an age and within_months.", fix)]
    age, months = birthday["age"], birthday["within_months"]
    if not _is_whole(age, 1, MAX_AGE) or not _is_whole(months, 1, MAX_MONTHS):
        what = f"holds {dict(birthday)}, not a whole age from 1 and whole months from 1."
        return None, [Fault(f"{where}.turned", what, fix)]
    return Turned(age, months), []


def _parse_sex(raw: Mapping[str, Any], where: str) -> _Parsed:
    values, faults = _read_names(raw["sex"], f"{where}.sex")
    known = [str(sex) for sex in Sex]
    faults += [
        Fault(f"{where}.sex", f'"{value}" is not a recorded sex.', suggest(value, known))
        for value in values
        if value not in known
    ]
    return (None, faults) if faults else (SexIs(values), [])


def _parse_ethnic_group(raw: Mapping[str, Any], where: str) -> _Parsed:
    place = f"{where}.ethnic_group"
    values, faults = _read_names(raw["ethnic_group"], place)
    known = [*ETHNIC_GROUPS_5, *ETHNIC_GROUPS]
    faults += [
        Fault(place, f'"{value}" is not an ethnic group.', suggest(value, known))
        for value in values
        if value not in known
    ]
    codes = tuple(code for code, five in ETHNIC_GROUP_TO_5.items() if code in values or five in values)
    return (None, faults) if faults else (EthnicGroupIs(codes), [])


def _parse_has(raw: Mapping[str, Any], where: str) -> _Parsed:
    feature, faults = _read_feature(raw["feature"], f"{where}.feature")
    window, window_faults = _read_window(raw, where)
    faults += window_faults
    times, age = raw.get("times", 1), raw.get("before_age")
    if not _is_whole(times, 1, MAX_TIMES):
        faults.append(Fault(f"{where}.times", f"is {times!r}, not a whole number from 1 to {MAX_TIMES}."))
    if age is not None and not _is_whole(age, 1, MAX_AGE):
        faults.append(Fault(f"{where}.before_age", f"is {age!r}, not whole years from 1 to {MAX_AGE}."))
    return (None, faults) if faults else (Has(feature, window, times, age), [])


def _parse_count(raw: Mapping[str, Any], where: str) -> _Parsed:
    feature, faults = _read_feature(raw["count"], f"{where}.count")
    window, window_faults = _read_window(raw, where)
    faults += window_faults
    if not faults and (window.months is None or window.months % 12):
        what = "needs within_months, in whole years: 12, 24, 36 ..."
        faults = [Fault(f"{where}.count", what, "A rate is per person and year.")]
    return (None, faults) if faults else (Count(feature, window), [])


def _parse_latest(raw: Mapping[str, Any], where: str) -> _Parsed:
    feature, faults = _read_feature(raw["latest"], f"{where}.latest")
    window, window_faults = _read_window(raw, where)
    faults += window_faults
    given = {name: raw[name] for name in LIMITS if name in raw}
    if bool(given) == ("is" in raw):
        fix = "Give below, at_most, above or at_least for a value, or is for a category."
        return None, [*faults, Fault(f"{where}.latest", "does not say what the latest must be.", fix)]
    if "is" in raw:
        categories, found = _read_names(raw["is"], f"{where}.is")
        faults += found
        return (None, faults) if faults else (LatestCategory(feature, window, categories), [])
    faults += [
        Fault(f"{where}.{name}", f"is {limit!r}, not a number with at most three decimal places.")
        for name, limit in given.items()
        if not _is_limit(limit)
    ]
    limits = {name: float(limit) for name, limit in given.items()} if not faults else {}
    return (None, faults) if faults else (LatestValue(feature, window, **limits), [])


def _read_window(raw: Mapping[str, Any], where: str) -> tuple[Window, list[Fault]]:
    months, since = raw.get("within_months"), raw.get("since_last")
    if months is not None and since is not None:
        return Window(), [Fault(where, "gives both within_months and since_last.", "Keep one of the two.")]
    if months is not None and not _is_whole(months, 1, MAX_MONTHS):
        what = f"is {months!r}, not a whole number from 1 to {MAX_MONTHS}."
        return Window(), [Fault(f"{where}.within_months", what)]
    day, faults = _read_day(since, f"{where}.since_last")
    return Window(months, day), faults


def _read_day(raw: Any, where: str) -> tuple[tuple[int, int] | None, list[Fault]]:
    if raw is None:
        return None, []
    try:
        day = dt.datetime.strptime(f"2001-{raw}", "%Y-%m-%d")  # noqa: DTZ007 - a day of the year, no instant
    except ValueError:
        fix = 'Write month and day: "09-01" for 1 September. 29 February is not a day of every year.'
        return None, [Fault(where, f"is {raw!r}, not a day of the year.", fix)]
    return (day.month, day.day), []


def _read_feature(raw: Any, where: str) -> tuple[str, list[Fault]]:
    if isinstance(raw, str) and raw:
        return raw, []
    return "", [Fault(where, f"is {raw!r}, not the id of a feature.")]


def _read_names(raw: Any, where: str) -> tuple[tuple[str, ...], list[Fault]]:
    names = (raw,) if isinstance(raw, str) else tuple(raw) if isinstance(raw, list) else ()
    if names and all(isinstance(name, str) for name in names):
        return names, []
    return (), [Fault(where, f"is {raw!r}, not a name or a list of names.")]


def _is_limit(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= 1_000_000 and round(value, 3) == value


def _is_whole(value: Any, low: Any, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_Parsed: TypeAlias = tuple[Node | None, list[Fault]]
_PARSERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], _Parsed]]] = {
    "all": _parse_list(All),
    "any": _parse_list(AnyOf),
    "not": _parse_not,
    "some_of": _parse_some_of,
    "age": _parse_age,
    "turned": _parse_turned,
    "sex": _parse_sex,
    "ethnic_group": _parse_ethnic_group,
    "feature": _parse_has,
    "latest": _parse_latest,
    "count": _parse_count,
}
