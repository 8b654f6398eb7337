"""The plan as SQL expressions, built node by node, for whatever dialect a back end asks for.

Only constructs that mean the same in DuckDB and Spark are used: comparisons with literals, ``CASE``, bit
operators on 64-bit integers, ``MAX``, ``SUM``, ``BIT_OR`` and ``COUNT(DISTINCT ...)``. Every predicate is
true or false, never null, so that ``NOT`` means what it says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

from sqlglot import exp

from evenground.engine.plan import (
    BITS_A_WORD,
    EPOCH,
    VALUE_OFFSET,
    VALUE_SCALE,
    Counter,
    Flag,
    Measure,
    Pass,
    Plan,
    category_rank,
    pack,
)
from evenground.indicators import Indicator
from evenground.indicators.expressions import (
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
    months_before,
)

PERSONS: Final = "persons"
EVENTS: Final = "events"
HITS: Final = "hits"
PEOPLE: Final = "people"
CELL_KEYS: Final = ("lsoa_code", "age_band", "sex", "ethnic_group")
PRACTICE_KEYS: Final = ("practice_code", "age_band")
NOTHING: Final = -(1 << 62)
"""The packed value of people without any: before every date."""

_LOW_BITS: Final = (1 << 32) - 1


def codes_table(number: int) -> str:
    """The name under which a back end loads the codes of a pass."""
    return f"codes_{number}"


def hits_query(plan: Plan, number: int) -> exp.Select:
    """Each person with a relevant event, once: words of bits, packed latest values and counts of days."""
    one = plan.passes[number]
    words = [_alias(exp.func("BIT_OR", _word(one, word)), f"word_{word}") for word in range(one.words)]
    latest = [_alias(_latest(index), f"latest_{index}") for index in range(len(one.measures))]
    counts = [_alias(_days(index, item), f"days_{index}") for index, item in enumerate(one.counters)]
    return (
        exp.select(_column("person_id", "e"), *words, *latest, *counts)
        .from_(exp.alias_(exp.to_table(EVENTS), "e"))
        .join(
            exp.alias_(exp.to_table(codes_table(number)), "c"),
            on=exp.and_(
                _column("code", "e").eq(_column("code", "c")),
                _column("code_system", "e").eq(_column("code_system", "c")),
            ),
        )
        .where(_column("event_date", "e") <= _date(plan.as_at), _plausible())
        .group_by(_column("person_id", "e"))
    )


def people_query(plan: Plan, number: int, *, needs_practice: bool, lsoas: Sequence[str] = ()) -> exp.Select:
    """Everybody counted: the keys of the cells, and for each indicator what the person adds to it.

    Parameters
    ----------
    needs_practice
        Whether only people with a practice count.
    lsoas
        The place's LSOAs, where only people who live in one of them count.
    """
    one = plan.passes[number]
    person = (
        exp.select(
            _column("lsoa_code", "p"),
            _alias(_age_band(plan.as_at), "age_band"),
            _column("sex", "p"),
            _column("ethnic_group", "p"),
            _column("practice_code", "p"),
            *_contributions(plan, one),
        )
        .from_(exp.alias_(exp.to_table(PERSONS), "p"))
        .where(*_counted(plan.as_at))
    )
    if one.codes:
        hits = exp.alias_(exp.to_table(HITS), "h")
        person = person.join(
            hits, on=_column("person_id", "p").eq(_column("person_id", "h")), join_type="left"
        )
    if needs_practice:
        person = person.where(_is_there(_column("practice_code", "p")))
    if lsoas:
        person = person.where(_column("lsoa_code", "p").isin(*lsoas))
    return person


def cells_query(plan: Plan, number: int, keys: Sequence[str]) -> exp.Select:
    """People and every indicator's sums by the keys."""
    sums = [
        _alias(exp.cast(exp.func("SUM", _column(name)), "BIGINT"), name)
        for indicator in plan.passes[number].indicators
        for name in columns_of(indicator)
    ]
    population = _alias(exp.Count(this=exp.Star()), "population")
    columns = [_column(key) for key in keys]
    return (
        exp.select(*columns, population, *sums).from_(PEOPLE).group_by(*(column.copy() for column in columns))
    )


def columns_of(indicator: Indicator) -> tuple[str, str]:
    """The names of an indicator's two columns."""
    return f"{indicator.id}__denominator", f"{indicator.id}__numerator"


def _contributions(plan: Plan, one: Pass) -> Iterable[exp.Expr]:
    for indicator in one.indicators:
        belongs = _predicate(indicator.denominator.node, plan, one)
        denominator, numerator = columns_of(indicator)
        counted = indicator.numerator.node
        if isinstance(counted, Count):
            index = one.counters.index(Counter(counted.feature, counted.window.cutoff(plan.as_at)))
            adds = exp.func("COALESCE", _column(f"days_{index}", "h"), _integer(0))
            reached = exp.Case().when(belongs.copy(), adds).else_(_integer(0))
        else:
            also = exp.and_(belongs.copy(), _predicate(counted, plan, one))
            reached = exp.Case().when(also, _integer(1)).else_(_integer(0))
        yield _alias(exp.Case().when(belongs, _integer(indicator.years)).else_(_integer(0)), denominator)
        yield _alias(reached, numerator)


def _predicate(node: Node, plan: Plan, one: Pass) -> exp.Expr:
    match node:
        case All(of):
            return exp.and_(*(_predicate(child, plan, one) for child in of))
        case AnyOf(of):
            return exp.or_(*(_predicate(child, plan, one) for child in of))
        case Not(of):
            return exp.not_(_predicate(of, plan, one))
        case Age(first, last):
            return _aged(plan.as_at, first, last)
        case SexIs(values):
            return _column("sex", "p").isin(*values)
        case Has(feature, window):
            return _flagged(one, Flag(feature, window.cutoff(plan.as_at)))
        case LatestValue():
            return _latest_value(node, plan, one)
        case LatestCategory(feature, window, categories):
            known = plan.categories[feature]
            ranks = [category_rank(known, category) for category in categories]
            low = _low_bits(one.measures.index(Measure(feature)))
            recent = _recent(one.measures.index(Measure(feature)), window.cutoff(plan.as_at))
            return exp.and_(recent, low.isin(*ranks))
    raise TypeError(f"{type(node).__name__} cannot stand inside an expression")


def _latest_value(node: LatestValue, plan: Plan, one: Pass) -> exp.Expr:
    index = one.measures.index(Measure(node.feature))
    compare = {"below": exp.LT, "at_most": exp.LTE, "above": exp.GT, "at_least": exp.GTE}
    limits = [
        compare[name](this=_low_bits(index), expression=_integer(_scaled(limit)))
        for name, limit in node.limits()
    ]
    return exp.and_(_recent(index, node.window.cutoff(plan.as_at)), *limits)


def _scaled(limit: float) -> int:
    return round(limit * VALUE_SCALE) + VALUE_OFFSET


def _flagged(one: Pass, flag: Flag) -> exp.Expr:
    word, bit = divmod(one.flags.index(flag), BITS_A_WORD)
    held = exp.func("COALESCE", _column(f"word_{word}", "h"), _integer(0))
    masked = exp.BitwiseAnd(this=held, expression=_integer(1 << bit))
    return exp.NEQ(this=exp.paren(masked), expression=_integer(0))


def _packed(index: int) -> exp.Expr:
    return exp.func("COALESCE", _column(f"latest_{index}", "h"), _integer(NOTHING))


def _low_bits(index: int) -> exp.Expr:
    return exp.paren(exp.BitwiseAnd(this=_packed(index), expression=_integer(_LOW_BITS)))


def _recent(index: int, cutoff: dt.date | None) -> exp.Expr:
    earliest = NOTHING + 1 if cutoff is None else pack(cutoff + dt.timedelta(days=1), 0)
    return exp.GTE(this=_packed(index), expression=_integer(earliest))


def _aged(as_at: dt.date, first: int | None, last: int | None) -> exp.Expr:
    born = _column("birth_date", "p")
    limits: list[exp.Expr] = []
    if first is not None:
        limits.append(born <= _date(_birthday(as_at, first)))
    if last is not None:
        limits.append(born.copy() > _date(_birthday(as_at, last + 1)))
    return exp.and_(*limits)


def _age_band(as_at: dt.date) -> exp.Expr:
    """The number of the five-year band: 0 for 0 to 4, up to 18 for 90 and over."""
    band = exp.Case()
    for number in range(18):
        youngest_not_in = _date(_birthday(as_at, 5 * (number + 1)))
        band = band.when(_column("birth_date", "p") > youngest_not_in, _integer(number))
    return band.else_(_integer(18))


def _birthday(as_at: dt.date, age: int) -> dt.date:
    """The latest date of birth of somebody who has completed ``age`` years."""
    if (as_at.month, as_at.day) == (2, 29):
        return months_before(as_at, 12 * age)
    return as_at.replace(year=as_at.year - age)


def _counted(as_at: dt.date) -> Iterable[exp.Expr]:
    yield _column("birth_date", "p") <= _date(as_at)
    for name in ("death_date", "left_date"):
        gone = _column(name, "p")
        yield exp.or_(exp.Is(this=gone, expression=exp.Null()), gone.copy() > _date(as_at))


def _plausible() -> exp.Expr:
    lower, value, upper = _column("lower", "c"), _column("value", "e"), _column("upper", "c")
    unlimited = exp.Is(this=lower, expression=exp.Null())
    return exp.or_(unlimited, exp.Between(this=value, low=lower.copy(), high=upper))


def _word(one: Pass, word: int) -> exp.Expr:
    masks = [
        _within(cutoff, _column(f"mask_{word}_{number}", "c"))
        for number, cutoff in enumerate(one.windows(word))
    ]
    return reduce(lambda left, right: exp.BitwiseOr(this=left, expression=right), masks)


def _within(cutoff: dt.date | None, then: exp.Expr) -> exp.Expr:
    if cutoff is None:
        return then
    return exp.Case().when(_column("event_date", "e") > _date(cutoff), then).else_(_integer(0))


def _latest(index: int) -> exp.Expr:
    days = exp.cast(
        exp.DateDiff(this=_column("event_date", "e"), expression=_date(EPOCH), unit=exp.var("DAY")), "BIGINT"
    )
    rounded = exp.func("ROUND", exp.Mul(this=_column("value", "e"), expression=_integer(VALUE_SCALE)))
    scaled = exp.cast(rounded, "BIGINT") + _integer(VALUE_OFFSET)
    rank = _column("rank", "c")
    is_value = exp.Is(this=rank, expression=exp.Null())
    low = exp.Case().when(is_value, scaled).else_(rank.copy())
    packed = exp.Add(this=exp.Mul(this=days, expression=_integer(1 << 32)), expression=exp.paren(low))
    own = _column("measure", "c").eq(_integer(index))
    return exp.func("MAX", exp.Case().when(own, packed))


def _days(index: int, counter: Counter) -> exp.Expr:
    day = _column("event_date", "e")
    own = exp.and_(
        _column(f"counts_{index}", "c"), *([day > _date(counter.cutoff)] if counter.cutoff else [])
    )
    return exp.Count(this=exp.Distinct(expressions=[exp.Case().when(own, day.copy())]))


def _is_there(column: exp.Expr) -> exp.Expr:
    return exp.not_(exp.Is(this=column, expression=exp.Null()))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table)


def _alias(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression, name)


def _integer(number: int) -> exp.Expr:
    return (
        exp.cast(exp.Literal.number(number), "BIGINT")
        if abs(number) >= 1 << 31
        else exp.Literal.number(number)
    )


def _date(day: dt.date) -> exp.Expr:
    return exp.cast(exp.Literal.string(day.isoformat()), "DATE")
