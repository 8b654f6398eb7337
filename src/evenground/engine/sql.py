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
    LANE_BITS,
    LANES,
    VALUE_OFFSET,
    VALUE_SCALE,
    Counter,
    Flag,
    Measure,
    Pass,
    Plan,
    category_rank,
    flag_or_counter,
    pack,
)
from evenground.indicators import Indicator
from evenground.indicators.expressions import (
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
    months_before,
)
from evenground.vocabulary import WHOLE_BY_RECORDS

PERSONS: Final = "persons"
EVENTS: Final = "events"
CODES: Final = "codes"
CODED: Final = "coded"
HITS: Final = "hits"
PEOPLE: Final = "people"
MEMBERS: Final = "members"
RESIDENCES: Final = "residences"
MOST_IN_A_LANE: Final = (1 << LANE_BITS) - 1
"""More people than this in one group are too many for ``packed_query``."""
CELL_KEYS: Final = ("lsoa_code", "age_band", "sex", "ethnic_group")
PRACTICE_KEYS: Final = ("practice_code", "age_band")
GROUP_KEYS: Final = ("member", "lsoa_code", "age_band")
NOTHING: Final = -(1 << 62)
"""The packed value of people without any: before every date."""

_LOW_BITS: Final = (1 << 32) - 1


def explain(plan: Plan, dialect: str) -> str:
    """Every query of a plan as text, in the order in which a back end runs them."""
    queries: list[tuple[str, exp.Select]] = []
    for number in plan.counting:
        if plan.passes[number].codes:
            queries.append((HITS, hits_query(plan, number)))
        queries.append((PEOPLE, people_query(plan, number, needs_practice=plan.base == "registered")))
        queries.append(("cells", cells_query(plan, number, CELL_KEYS)))
    return "\n\n".join(f"-- {name}\n{query.sql(dialect, pretty=True)};" for name, query in queries)


def codes_table(number: int) -> str:
    """The name under which a back end loads the codes of a pass."""
    return f"codes_{number}"


def coded_query(plan: Plan) -> exp.Select:
    """The events that any pass reads, with the number of their code and their packed date and value.

    Codes are texts, and so are most of the bytes of an event: where events are read for several passes or
    dates, the texts are compared once.
    """
    return (
        exp.select(
            *(_column(name, "e") for name in ("person_id", "event_date")),
            _column("number", "c"),
            _alias(_packed_event(), "packed"),
        )
        .from_(exp.alias_(exp.to_table(EVENTS), "e"))
        .join(exp.alias_(exp.to_table(CODES), "c"), on=_same_code())
        .where(_column("event_date", "e") <= _date(plan.as_at), _plausible())
    )


def hits_query(plan: Plan, number: int, *, is_coded: bool = False) -> exp.Select:
    """Each person with a relevant event, once: words of bits, packed latest values and counts of days.

    Parameters
    ----------
    is_coded
        Whether the events stand ready as ``coded_query`` of this or a later date gives them.
    """
    one = plan.passes[number]
    words = [_alias(exp.func("BIT_OR", _word(one, word)), f"word_{word}") for word in range(one.words)]
    latest = [_alias(_latest(index), f"latest_{index}") for index in range(len(one.measures))]
    counts = [_alias(_days(index, item), f"days_{index}") for index, item in enumerate(one.counters)]
    events = _read_events(plan, number, is_coded=is_coded).subquery("r")
    person = _column("person_id", "r")
    return exp.select(person, *words, *latest, *counts).from_(events).group_by(person.copy())


def _read_events(plan: Plan, number: int, *, is_coded: bool) -> exp.Select:
    """The events that a pass reads, each with what its code sets and its packed date and value."""
    one = plan.passes[number]
    masks = [f"mask_{word}_{index}" for word in range(one.words) for index in range(len(one.windows(word)))]
    counts = [f"counts_{index}" for index in range(len(one.counters))]
    births = [_alias(_day_number("birth_date", "p"), "born")] if one.needs_births else []
    same = _column("number", "e").eq(_column("number", "c")) if is_coded else _same_code()
    until = _column("event_date", "e") <= _date(plan.as_at)
    read = (
        exp.select(
            _column("person_id", "e"),
            _column("event_date", "e"),
            *(_column(name, "c") for name in ("measure", *masks, *counts)),
            _column("packed", "e") if is_coded else _alias(_packed_event(), "packed"),
            *births,
        )
        .from_(exp.alias_(exp.to_table(CODED if is_coded else EVENTS), "e"))
        .join(exp.alias_(exp.to_table(codes_table(number)), "c"), on=same)
        .where(*([until] if is_coded else [until, _plausible()]))
    )
    if not births:
        return read
    same_person = _column("person_id", "e").eq(_column("person_id", "p"))
    return read.join(exp.alias_(exp.to_table(PERSONS), "p"), on=same_person)


def _same_code() -> exp.Expr:
    return _all_of(
        _column("code", "e").eq(_column("code", "c")),
        _column("code_system", "e").eq(_column("code_system", "c")),
    )


def people_query(
    plan: Plan, number: int, *, needs_practice: bool, needs_residence: bool = False
) -> exp.Select:
    """Everybody counted: the keys of the cells, a word of bits, and a number for each counter.

    The bits are two for each indicator of the pass: in its denominator, and in its numerator.

    Parameters
    ----------
    needs_practice
        Whether only people with a practice count.
    needs_residence
        Whether only people count who live in one of the LSOAs of the table ``RESIDENCES``.
    """
    one = plan.passes[number]
    person = (
        exp.Select()
        .select(
            *(_column(name, "p") for name in ("lsoa_code", "sex", "ethnic_group", "practice_code")),
            _alias(_age_band(plan.as_at), "age_band"),
            _alias(_counted_in(plan, one), "counted_in"),
            *(_alias(_held(f"days_{index}", 0), f"days_{index}") for index in _counted_for_rates(plan, one)),
            copy=False,
        )
        .from_(exp.alias_(exp.to_table(PERSONS), "p"), copy=False)
        .where(*_present(plan.as_at), copy=False)
    )
    if one.codes:
        same_person = _column("person_id", "p").eq(_column("person_id", "h"))
        hits = exp.alias_(exp.to_table(HITS), "h")
        person = person.join(hits, on=same_person, join_type="left", copy=False)
    if plan.memberships:
        same_person = _column("person_id", "p").eq(_column("person_id", "m"))
        members = exp.alias_(exp.to_table(MEMBERS), "m")
        person = person.select(_column("member_of", "m"), copy=False)
        person = person.join(members, on=same_person, copy=False)
    if needs_practice:
        person = person.where(_is_there(_column("practice_code", "p")), copy=False)
    if needs_residence:
        homes = exp.select(_column("lsoa_code")).from_(RESIDENCES)
        person = person.where(_column("lsoa_code", "p").isin(query=homes), copy=False)
    return person


def members_query(plan: Plan) -> exp.Select:
    """Each person who is there, with a bit for every PLUS group and segment they are in."""
    one = plan.passes[-1]
    bits: list[exp.Expr] = []
    wholes: dict[str, exp.Case] = {}
    for number, member in enumerate(plan.memberships):
        belongs = _predicate(member.node, plan, one)
        if member.cut in WHOLE_BY_RECORDS:
            wholes[member.cut] = wholes.get(member.cut, exp.Case()).when(belongs, _long(1 << number))
        else:
            bits.append(_set_bit(belongs, number))
    bits += [parts.else_(_long(0)) for parts in wholes.values()]
    person = (
        exp.Select()
        .select(_column("person_id", "p"), _alias(_either(bits), "member_of"), copy=False)
        .from_(exp.alias_(exp.to_table(PERSONS), "p"), copy=False)
        .where(*_present(plan.as_at), copy=False)
    )
    if not one.codes:
        return person
    same_person = _column("person_id", "p").eq(_column("person_id", "h"))
    hits = exp.alias_(exp.to_table(HITS), "h")
    return person.join(hits, on=same_person, join_type="left", copy=False)


def listed_query(plan: Plan, practice_code: str) -> exp.Select:
    """The people of a practice who are there and in the denominator of the plan's only indicator."""
    one = plan.passes[0]
    # As text: what is compared need not be among the codes that the column holds.
    practice = exp.cast(_column("practice_code", "p"), "VARCHAR")
    person = (
        exp.Select()
        .select(_column("person_id", "p"), copy=False)
        .from_(exp.alias_(exp.to_table(PERSONS), "p"), copy=False)
        .where(
            *_present(plan.as_at),
            exp.EQ(this=practice, expression=exp.Literal.string(practice_code)),
            _predicate(one.judged[0][0], plan, one),
            copy=False,
        )
    )
    if not one.codes:
        return person
    same_person = _column("person_id", "p").eq(_column("person_id", "h"))
    hits = exp.alias_(exp.to_table(HITS), "h")
    return person.join(hits, on=same_person, join_type="left", copy=False)


def _of_groups(query: exp.Select, plan: Plan) -> exp.Select:
    """The query for each PLUS group or segment (its number) that a person is in."""
    listed = [(_integer(place), _long(1 << place)) for place in range(len(plan.memberships))]
    groups = exp.values(listed, alias="g", columns=["member", "bit"])
    shared = exp.BitwiseAnd(this=_column("member_of"), expression=_column("bit", "g"))
    belongs = exp.NEQ(this=exp.paren(shared), expression=_integer(0))
    return query.join(groups, on=belongs, copy=False)


def _counted_for_rates(plan: Plan, one: Pass) -> list[int]:
    """The counters that are added up; the others only decide who is counted."""
    counted = [numerator for _, numerator in one.judged if isinstance(numerator, Count)]
    return sorted({one.counters.index(_counter(node, plan)) for node in counted})


def cells_query(plan: Plan, number: int, keys: Sequence[str]) -> exp.Select:
    """People and every indicator's counts by the keys; with ``GROUP_KEYS``, by PLUS group and segment."""
    one = plan.passes[number]
    counts = [
        _alias(column, name)
        for index, indicator in enumerate(one.indicators)
        for name, column in zip(columns_of(indicator), _counts(plan, one, index), strict=True)
    ]
    return _by_keys(plan, keys, counts)


def packed_query(plan: Plan, number: int, keys: Sequence[str]) -> exp.Select:
    """What ``cells_query`` gives, in a third of the time, where no group has above ``MOST_IN_A_LANE`` people.

    Bits of a word that stand a lane apart are added up at once: each lane is a number of its own, which does
    not reach the next one, and the sums are taken apart at the end.
    """
    one = plan.passes[number]
    lanes = sum(1 << (lane * LANE_BITS) for lane in range(LANES))
    packed = [
        _alias(exp.cast(exp.func("SUM", _shifted("counted_in", place, lanes)), "BIGINT"), f"packed_{place}")
        for place in range(one.counts_a_lane)
    ]
    days = {
        index: _alias(_days_counted(plan, one, index), f"counted_{index}")
        for index, (_, counted) in enumerate(one.judged)
        if isinstance(counted, Count)
    }
    inner = _by_keys(plan, keys, [*packed, *days.values()])
    outer = exp.Select().select(*(_column(name) for name in (*keys, "population")), copy=False)
    for index, indicator in enumerate(one.indicators):
        people, reached = columns_of(indicator)
        own = _unpacked(one, 2 * index)
        if index in days:
            own = exp.Mul(this=exp.paren(own), expression=_integer(indicator.years))
            counted: exp.Expr = _column(f"counted_{index}")
        else:
            # Two bytes hold a lane: the largest table that a count makes is a quarter of what it would be.
            own, counted = (exp.cast(one_of, "SMALLINT") for one_of in (own, _unpacked(one, 2 * index + 1)))
        outer = outer.select(_alias(own, people), _alias(counted, reached), copy=False)
    return outer.from_(inner.subquery("packed"), copy=False)


def _unpacked(one: Pass, number: int) -> exp.Expr:
    lane, place = divmod(one.place(number), LANE_BITS)
    return _shifted(f"packed_{place}", lane * LANE_BITS, MOST_IN_A_LANE)


def _shifted(column: str, by: int, mask: int) -> exp.Expr:
    """Some bits of a column, moved to the right."""
    moved = exp.BitwiseRightShift(this=_column(column), expression=_integer(by)) if by else _column(column)
    return exp.BitwiseAnd(this=exp.paren(moved) if by else moved, expression=_long(mask))


def _by_keys(plan: Plan, keys: Sequence[str], counts: Sequence[exp.Expr]) -> exp.Select:
    population = _alias(exp.Count(this=exp.Star()), "population")
    columns = [_column(key) for key in keys]
    groups = [key.copy() for key in columns]
    cells = exp.Select().select(*columns, population, *counts, copy=False)
    cells = cells.from_(PEOPLE, copy=False).group_by(*groups, copy=False)
    return _of_groups(cells, plan) if "member" in keys else cells


def _counts(plan: Plan, one: Pass, index: int) -> tuple[exp.Expr, exp.Expr]:
    indicator = one.indicators[index]
    people = _how_many(_bit("counted_in", one.place(2 * index)))
    if not isinstance(one.judged[index][1], Count):
        return people, _how_many(_bit("counted_in", one.place(2 * index + 1)))
    return exp.Mul(this=people, expression=_integer(indicator.years)), _days_counted(plan, one, index)


def _days_counted(plan: Plan, one: Pass, index: int) -> exp.Expr:
    """The days with a record of the people in an indicator's denominator, where it counts days."""
    counted = one.judged[index][1]
    if not isinstance(counted, Count):
        raise TypeError("only a rate counts days")
    days = _column(f"days_{one.counters.index(_counter(counted, plan))}")
    own = exp.Case().when(_bit("counted_in", one.place(2 * index)), days).else_(_integer(0))
    return exp.cast(exp.func("SUM", own), "BIGINT")


def _how_many(condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))


def _counted_in(plan: Plan, one: Pass) -> exp.Expr:
    bits: list[exp.Expr] = []
    for index, (denominator, counted) in enumerate(one.judged):
        belongs = _predicate(denominator, plan, one)
        if not isinstance(counted, Count):
            reached = _all_of(belongs.copy(), _predicate(counted, plan, one))
            bits.append(_set_bit(reached, one.place(2 * index + 1)))
        bits.append(_set_bit(belongs, one.place(2 * index)))
    return _either(bits)


def _set_bit(condition: exp.Expr, bit: int) -> exp.Expr:
    return _case(condition, _long(1 << bit), _long(0))


def _bit(column: str, bit: int) -> exp.Expr:
    masked = exp.BitwiseAnd(this=_column(column), expression=_long(1 << bit))
    return exp.NEQ(this=exp.paren(masked), expression=_integer(0))


def columns_of(indicator: Indicator) -> tuple[str, str]:
    """The names of an indicator's two columns."""
    return f"{indicator.id}__denominator", f"{indicator.id}__numerator"


def _predicate(node: Node, plan: Plan, one: Pass) -> exp.Expr:
    match node:
        case All(of):
            return _all_of(*(_predicate(child, plan, one) for child in of))
        case AnyOf(of):
            return _any_of(*(_predicate(child, plan, one) for child in of))
        case Not(of):
            return exp.not_(_predicate(of, plan, one), copy=False)
        case SomeOf():
            return _some_of(node, plan, one)
        case Has() | LatestValue() | LatestCategory():
            return _recorded(node, plan, one)
        case Age() | Turned() | SexIs() | EthnicGroupIs():
            return _personal(node, plan.as_at)
    raise TypeError(f"{type(node).__name__} cannot stand inside an expression")


def _personal(node: Age | Turned | SexIs | EthnicGroupIs, as_at: dt.date) -> exp.Expr:
    """What the table of persons tells by itself."""
    match node:
        case Age(first, last, on_last):
            day = node.day(as_at)
            aged = _aged(day, first, last)
            return _all_of(_column("birth_date", "p") <= _date(day), aged) if on_last else aged
        case Turned(age, months):
            before = _birthday(months_before(as_at, months), age)
            return _all_of(_aged(as_at, age, None), _column("birth_date", "p") > _date(before))
        case SexIs(values):
            return _column("sex", "p").isin(*values)
        case EthnicGroupIs(codes):
            return _column("ethnic_group", "p").isin(*codes)


def _recorded(node: Has | LatestValue | LatestCategory, plan: Plan, one: Pass) -> exp.Expr:
    """What a person's records tell."""
    match node:
        case Has(times=times):
            asked = flag_or_counter(node, plan.as_at)
            if isinstance(asked, Flag):
                return _flagged(one, asked)
            return exp.GTE(this=_held(f"days_{one.counters.index(asked)}", 0), expression=_integer(times))
        case LatestValue():
            return _latest_value(node, plan, one)
        case LatestCategory(feature, window, categories):
            known = plan.categories[feature]
            ranks = [category_rank(known, category) for category in categories]
            low = _low_bits(one.measures.index(Measure(feature)))
            recent = _recent(one.measures.index(Measure(feature)), window.cutoff(plan.as_at))
            return _all_of(recent, low.isin(*ranks))


def _some_of(node: SomeOf, plan: Plan, one: Pass) -> exp.Expr:
    """How many parts hold, within limits: bits of one word are counted at once, the rest one by one."""
    masks: dict[int, int] = {}
    others: list[exp.Expr] = []
    for child in node.of:
        asked = flag_or_counter(child, plan.as_at) if isinstance(child, Has) else None
        word, bit = divmod(one.flags.index(asked), BITS_A_WORD) if isinstance(asked, Flag) else (-1, 0)
        # Two rules may ask for the same record: each counts, but a bit is there only once.
        if word < 0 or masks.get(word, 0) & (1 << bit):
            others.append(_set_bit(_predicate(child, plan, one), 0))
        else:
            masks[word] = masks.get(word, 0) | 1 << bit
    parts = [*(_count_bits(word, mask) for word, mask in masks.items()), *others]
    number = exp.paren(reduce(lambda left, right: exp.Add(this=left, expression=right), parts))
    at_least = exp.GTE(this=number, expression=_integer(node.at_least))
    if node.at_most is None:
        return at_least
    return _all_of(at_least, exp.LTE(this=number.copy(), expression=_integer(node.at_most)))


def _count_bits(word: int, mask: int) -> exp.Expr:
    masked = exp.BitwiseAnd(this=_held(f"word_{word}", 0), expression=_long(mask))
    return exp.cast(exp.func("BIT_COUNT", masked), "BIGINT")


def _latest_value(node: LatestValue, plan: Plan, one: Pass) -> exp.Expr:
    index = one.measures.index(Measure(node.feature))
    compare = {"below": exp.LT, "at_most": exp.LTE, "above": exp.GT, "at_least": exp.GTE}
    limits = [
        compare[name](this=_low_bits(index), expression=_long(_scaled(limit)))
        for name, limit in node.limits()
    ]
    return _all_of(_recent(index, node.window.cutoff(plan.as_at)), *limits)


def _scaled(limit: float) -> int:
    return round(limit * VALUE_SCALE) + VALUE_OFFSET


def _flagged(one: Pass, flag: Flag) -> exp.Expr:
    word, bit = divmod(one.flags.index(flag), BITS_A_WORD)
    masked = exp.BitwiseAnd(this=_held(f"word_{word}", 0), expression=_long(1 << bit))
    return exp.NEQ(this=exp.paren(masked), expression=_integer(0))


def _held(column: str, otherwise: int) -> exp.Expr:
    """A column of the hits, for people who have none, too."""
    return exp.func("COALESCE", _column(column, "h"), _long(otherwise))


def _low_bits(index: int) -> exp.Expr:
    return exp.paren(exp.BitwiseAnd(this=_held(f"latest_{index}", NOTHING), expression=_long(_LOW_BITS)))


def _recent(index: int, cutoff: dt.date | None) -> exp.Expr:
    earliest = NOTHING + 1 if cutoff is None else pack(cutoff + dt.timedelta(days=1), 0)
    return exp.GTE(this=_held(f"latest_{index}", NOTHING), expression=_long(earliest))


def _aged(as_at: dt.date, first: int | None, last: int | None) -> exp.Expr:
    born = _column("birth_date", "p")
    limits: list[exp.Expr] = []
    if first is not None:
        limits.append(born <= _date(_birthday(as_at, first)))
    if last is not None:
        limits.append(born.copy() > _date(_birthday(as_at, last + 1)))
    return _all_of(*limits)


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


def _present(as_at: dt.date) -> Iterable[exp.Expr]:
    yield _column("birth_date", "p") <= _date(as_at)
    for name in ("death_date", "left_date"):
        gone = _column(name, "p")
        yield _any_of(exp.Is(this=gone, expression=exp.Null()), gone.copy() > _date(as_at))


def _plausible() -> exp.Expr:
    lower, value, upper = _column("lower", "c"), _column("value", "e"), _column("upper", "c")
    unlimited = exp.Is(this=lower, expression=exp.Null())
    return _any_of(unlimited, exp.Between(this=value, low=lower.copy(), high=upper))


def _word(one: Pass, word: int) -> exp.Expr:
    return _either(
        _within(cutoff, _column(f"mask_{word}_{index}", "r"))
        for index, cutoff in enumerate(one.windows(word))
    )


def _either(words: Iterable[exp.Expr]) -> exp.Expr:
    return reduce(lambda left, right: exp.BitwiseOr(this=left, expression=right), words)


def _within(cutoff: dt.date | None, then: exp.Expr) -> exp.Expr:
    if cutoff is None:
        return then
    return _case(_column("event_date", "r") > _date(cutoff), then, _long(0))


def _packed_event() -> exp.Expr:
    """Date and value, or date and rank of the category, as one number; null where the code has neither."""
    since = exp.DateDiff(this=_column("event_date", "e"), expression=_date(EPOCH), unit=exp.var("DAY"))
    days = exp.Mul(this=exp.cast(since, "BIGINT"), expression=_long(1 << 32))
    value, lower = _column("value", "e"), _column("lower", "c")
    plausible = exp.Between(this=value, low=lower, high=_column("upper", "c"))
    thousandths = exp.func("ROUND", exp.Mul(this=value.copy(), expression=_integer(VALUE_SCALE)))
    # A database may work out a column before it drops rows, and a conversion that fails stops everything:
    # so nothing is converted here that is not plausible, although such rows are dropped below, too.
    whole = exp.Case().when(plausible, thousandths)
    safe = exp.TryCast(this=whole, to=exp.DataType.build("BIGINT"), safe=True)
    scaled = exp.Add(this=safe, expression=_long(VALUE_OFFSET))
    return exp.Add(this=days, expression=exp.func("COALESCE", _column("rank", "c"), scaled))


def _latest(index: int) -> exp.Expr:
    own = _column("measure", "r").eq(_integer(index))
    return exp.func("MAX", exp.Case().when(own, _column("packed", "r")))


def _days(index: int, counter: Counter) -> exp.Expr:
    day = _column("event_date", "r")
    own: exp.Expr = _column(f"counts_{index}", "r")
    if counter.cutoff is not None:
        own = _all_of(own, day > _date(counter.cutoff))
    if counter.before_age is not None:
        own = _all_of(own, _before_birthday(counter.before_age))
    return exp.Count(this=exp.Distinct(expressions=[exp.Case().when(own, day.copy())]))


def _before_birthday(age: int) -> exp.Expr:
    """Whether an event of a person is earlier than a birthday: 20240229 stands for 29 February 2024.

    As numbers, 29 February comes after 28 February and before 1 March of every year, so a birthday that a
    year lacks falls on 1 March.
    """
    birthday = exp.Add(this=_column("born", "r"), expression=_integer(age * 10_000))
    return exp.LT(this=_day_number("event_date", "r"), expression=birthday)


def _day_number(column: str, table: str) -> exp.Expr:
    year, month, day = (
        exp.cast(exp.Extract(this=exp.var(part), expression=_column(column, table)), "BIGINT")
        for part in ("YEAR", "MONTH", "DAY")
    )
    years = exp.Mul(this=year, expression=_integer(10_000))
    months = exp.Mul(this=month, expression=_integer(100))
    return exp.Add(this=exp.Add(this=years, expression=months), expression=day)


def _counter(node: Count, plan: Plan) -> Counter:
    return Counter(node.feature, node.window.cutoff(plan.as_at))


# Sqlglot copies what it is given, again at every level of an expression, unless it is told that nobody else
# holds the same parts: nobody does here, and a hundred indicators would take seconds otherwise.


def _all_of(*conditions: exp.Expr) -> exp.Expr:
    return exp.and_(*conditions, copy=False)


def _any_of(*conditions: exp.Expr) -> exp.Expr:
    return exp.or_(*conditions, copy=False)


def _case(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def _is_there(column: exp.Expr) -> exp.Expr:
    return exp.not_(exp.Is(this=column, expression=exp.Null()))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table)


def _alias(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression, name, copy=False)


def _integer(number: int) -> exp.Expr:
    return exp.Literal.number(number)


def _long(number: int) -> exp.Expr:
    return exp.cast(_integer(number), "BIGINT")


def _date(day: dt.date) -> exp.Expr:
    return exp.cast(exp.Literal.string(day.isoformat()), "DATE")
