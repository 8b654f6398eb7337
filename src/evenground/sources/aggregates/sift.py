"""Each row of a published table kept, or counted under one reason for dropping it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from evenground.contract import TableReport
from evenground.errors import Fault
from evenground.indicators.published import PublishedIndicator
from evenground.sources.aggregates import words
from evenground.sources.aggregates.options import CountsOptions, FingertipsOptions
from evenground.sources.aggregates.words import Mark
from evenground.vocabulary import (
    AGE_BANDS,
    ETHNIC_GROUPS,
    ETHNIC_GROUPS_5,
    EVERYONE,
    AreaType,
    Cut,
    PublishedCut,
    Sex,
    ValueNote,
    ValueType,
)

NUMBERS: Final = ("value", "lower_cl", "upper_cl", "numerator", "denominator")
FIGURE: Final = ("indicator_id", "area_code", "cut", "category", "edition", "period")
"""What one figure is of; ``NUMBERS`` is what it says."""

_TENTHS: Final = tuple(str(number) for number in range(1, 11))
_FIFTHS: Final = tuple(str(number) for number in range(1, 6))
_CATEGORIES: Final[Mapping[str, Sequence[str]]] = {
    Cut.SEX: tuple(Sex),
    Cut.AGE_BAND: AGE_BANDS,
    Cut.ETHNIC_GROUP: tuple(ETHNIC_GROUPS),
    Cut.ETHNIC_GROUP_5: tuple(ETHNIC_GROUPS_5),
    Cut.IMD_QUINTILE: _FIFTHS,
    Cut.LOCAL_QUINTILE: _FIFTHS,
    **dict.fromkeys(PublishedCut, _TENTHS),
}
_EVERYONE_WORDS: Final = ("", "all", "everyone", "total", "persons", "all persons")


@dataclass(frozen=True, slots=True)
class Place:
    """The areas that figures are kept for: the place's own by code, and those it is compared with."""

    code: str
    areas: pl.DataFrame
    comparators: frozenset[str]


@dataclass(slots=True)
class Sifted:
    """The rows that are kept, and what became of the others.

    ``rows`` has every row that could be read: its number, why it is dropped (null where it is kept), and a
    list of what was done to it.
    """

    kept: pl.DataFrame
    report: TableReport
    faults: list[Fault] = field(default_factory=list)
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a source asks of its rows."""

    options: FingertipsOptions | CountsOptions
    indicators: Mapping[str, PublishedIndicator]
    place: Place

    @property
    def names(self) -> dict[str, str]:
        """Our indicator by what the file calls it."""
        if isinstance(self.options, CountsOptions):
            return {name: name for name in self.indicators} | self.options.values.indicator
        return {number: entry.indicator for number, entry in self.options.indicators.items()}

    @property
    def ages(self) -> dict[str, str]:
        """The age group asked for, by our indicator."""
        if isinstance(self.options, CountsOptions):
            return {}
        entries = self.options.indicators.values()
        return {entry.indicator: entry.age for entry in entries if entry.age}

    @property
    def is_published(self) -> bool:
        """Whether whoever made the table published it: then the disclosure policy is not ours to apply."""
        return not isinstance(self.options, CountsOptions) or self.options.publication is not None


def sift(rows: pl.DataFrame, rules: Rules, report: TableReport) -> Sifted:
    """Sort the rows of one table into those that are kept and, by reason, those that are not.

    Parameters
    ----------
    rows
        As ``read_table`` gives them.
    rules
        What the source asks for.
    report
        The report of the table, with the rows that could not be read at all; it is filled in.
    """
    report.read += rows.height
    frame = rows.with_columns(pl.lit(None, pl.String).alias("reason"))
    faults: list[Fault] = []
    frame = _name_indicators(frame, rules)
    frame = _read_periods(frame)
    frame = _choose_ages(frame, rules, report.file, faults)
    frame = _read_breakdowns(frame, rules)
    frame = _read_numbers(frame, rules.options.marks)
    frame = _find_repeated(frame)
    frame = _place_areas(frame, rules)
    frame = _scale_values(frame, rules, report, faults)
    frame = _check_numbers(frame, rules)
    frame = _keep_newest_edition(frame)
    frame = _choose_periods(frame, rules, report.file, faults)
    kept = frame.filter(pl.col("reason").is_null())
    report.kept = kept.height
    _count_dropped(frame, report)
    for change in words.CHANGED:
        count = int(kept["changes"].list.contains(change).sum())
        if count:
            report.changed[change] = count
    return Sifted(kept, report, faults, frame.select("row", "reason", "changes"))


def _drop(frame: pl.DataFrame, *reasons: tuple[pl.Expr, str]) -> pl.DataFrame:
    """Give the rows that have none yet the first reason whose condition holds."""
    chosen = pl.col("reason")
    for condition, reason in reasons:
        chosen = (
            pl.when(chosen.is_null() & condition.fill_null(value=False))
            .then(pl.lit(reason))
            .otherwise(chosen)
        )
    return frame.with_columns(chosen.alias("reason"))


def _name_indicators(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    # Fingertips writes an n before the codes of integrated care boards.
    frame = frame.with_columns(pl.col("area_code").str.replace(r"^n(E\d{8})$", "$1"))
    given = pl.col("indicator").str.replace(r"\.0+$", "")
    without = getattr(rules.options, "rows_without_id", None)
    named = given.replace_strict(rules.names, default=None, return_dtype=pl.String)
    frame = frame.with_columns(
        pl.when(given == "").then(pl.lit(without, pl.String)).otherwise(named).alias("indicator_id")
    )
    unnamed = pl.col("indicator_id").is_null()
    return _drop(
        frame,
        (unnamed & (given == ""), words.NO_INDICATOR),
        (unnamed, words.OTHER_INDICATOR),
        (pl.col("area_code") == "", words.NO_AREA),
    )


def _read_periods(frame: pl.DataFrame) -> pl.DataFrame:
    read = {text: words.read_period(text) for text in frame["period"].unique().to_list()}
    frame = frame.with_columns(pl.col("period").replace_strict(read, default=None, return_dtype=pl.String))
    return _drop(frame, (pl.col("period").is_null(), words.PERIOD_UNREADABLE))


def _choose_ages(frame: pl.DataFrame, rules: Rules, file: str, faults: list[Fault]) -> pl.DataFrame:
    age = pl.when(pl.col("age").str.to_lowercase() == "not applicable").then(pl.lit("")).otherwise("age")
    frame = frame.with_columns(age.alias("age"))
    named = frame.filter(pl.col("reason").is_null() & (pl.col("age") != ""))
    found = named.group_by("indicator_id").agg(pl.col("age").unique().sort()).sort("indicator_id")
    for indicator, ages in found.iter_rows():
        wanted = rules.ages.get(indicator)
        told = ", ".join(ages)
        if wanted is None and len(ages) > 1:
            hint = f'Write {{ indicator = "{indicator}", age = "{ages[0]}" }} in indicators.'
            faults.append(Fault(file, f"holds {indicator} for several age groups: {told}.", hint))
        elif wanted is not None and wanted not in ages:
            faults.append(Fault(file, f'holds {indicator}, but not for the age group "{wanted}".', told))
    asked = pl.col("indicator_id").replace_strict(rules.ages, default=None, return_dtype=pl.String)
    return _drop(frame, ((pl.col("age") != "") & (pl.col("age") != asked), words.OTHER_AGE))


def _read_breakdowns(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    sexes = pl.col("sex").str.to_lowercase().replace_strict(words.SEXES, default=None, return_dtype=pl.String)
    frame = frame.with_columns(sexes.alias("sex"))
    if isinstance(rules.options, CountsOptions):
        frame = _read_own_categories(frame, rules.options)
    else:
        frame = _read_fingertips_categories(frame)
    by_sex = (pl.col("sex") != "") & pl.col("cut").is_null()
    frame = frame.with_columns(
        ((pl.col("sex") != "") & pl.col("cut").is_not_null()).alias("is_by_two"),
        pl.when(by_sex).then(pl.lit(str(Cut.SEX))).otherwise("cut").fill_null(str(Cut.ALL)).alias("cut"),
        pl.when(by_sex).then("sex").otherwise("category").alias("category"),
    )
    stray = pl.col("cut").is_in([str(cut) for cut in PublishedCut]) & (pl.col("area_code") != words.ENGLAND)
    return _drop(
        frame,
        (pl.col("sex").is_null(), words.SEX_UNKNOWN),
        (pl.col("is_other"), words.OTHER_BREAKDOWN),
        (pl.col("category").is_null(), words.CATEGORY_UNKNOWN),
        (stray, words.STRAY_CATEGORY),
        (pl.col("is_by_two"), words.TWO_BREAKDOWNS),
    )


def _read_fingertips_categories(frame: pl.DataFrame) -> pl.DataFrame:
    types = {text: words.read_category_type(text) for text in frame["category_type"].unique().to_list()}
    deciles = {text: words.read_decile(text) for text in frame["category"].unique().to_list()}
    given = pl.col("category_type")
    cuts = {text: str(read[0]) if read else None for text, read in types.items()}
    editions = {text: read[1] if read else "" for text, read in types.items()}
    everyone = (given == "") & (pl.col("category") == "")
    return frame.with_columns(
        given.replace_strict(cuts, default=None, return_dtype=pl.String).alias("cut"),
        given.replace_strict(editions, default="", return_dtype=pl.String).alias("edition"),
        pl.when(everyone)
        .then(pl.lit(EVERYONE))
        .when(given == "")
        .then(None)
        .otherwise(pl.col("category").replace_strict(deciles, default=None, return_dtype=pl.String))
        .alias("category"),
        ((given != "") & given.replace_strict(cuts, default=None, return_dtype=pl.String).is_null()).alias(
            "is_other"
        ),
    )


def _read_own_categories(frame: pl.DataFrame, options: CountsOptions) -> pl.DataFrame:
    given = pl.col("category").replace(options.values.category)
    everyone = given.str.to_lowercase().is_in(_EVERYONE_WORDS)
    known = list(_CATEGORIES.get(str(options.cut), ()))
    return frame.with_columns(
        pl.when(everyone)
        .then(None)
        .otherwise(pl.lit(options.cut and str(options.cut), pl.String))
        .alias("cut"),
        pl.when(everyone).then(pl.lit("")).otherwise(pl.lit(options.edition)).alias("edition"),
        pl.when(everyone)
        .then(pl.lit(EVERYONE))
        .when(given.is_in(known))
        .then(given)
        .otherwise(None)
        .alias("category"),
        pl.lit(value=False).alias("is_other"),
    )


def _read_numbers(frame: pl.DataFrame, marks: Mapping[str, Mark]) -> pl.DataFrame:
    frame = frame.with_columns(_mark(name, marks).alias(f"{name}_mark") for name in NUMBERS)
    numbers = [_number(name) for name in NUMBERS]
    unreadable = pl.any_horizontal(
        (pl.col(f"{name}_mark").is_null() & ~_is_number(name)) for name in NUMBERS
    ).alias("is_unreadable")
    hushed = pl.col("note").str.to_lowercase().str.contains(words.SUPPRESSED_NOTE)
    hidden = (pl.col("value_mark") == "suppressed") | ((pl.col("value_mark") == "missing") & hushed)
    frame = frame.with_columns(unreadable, hidden.fill_null(value=False).alias("is_hidden"))
    frame = frame.with_columns(numbers)
    # What a publisher keeps back is not put together again from what stands beside it.
    shown = [pl.when(~pl.col("is_hidden")).then(pl.col(n)).otherwise(None).alias(n) for n in NUMBERS[:4]]
    return frame.with_columns(shown)


def _mark(name: str, marks: Mapping[str, Mark]) -> pl.Expr:
    text = pl.col(name).str.to_lowercase()
    told = pl.col(name).replace_strict(dict(marks), default=None, return_dtype=pl.String)
    return (
        pl.when(told.is_not_null())
        .then(told)
        .when(text.str.contains(words.SUPPRESSED_MARK))
        .then(pl.lit("suppressed"))
        .when(text.str.contains(words.MISSING_MARK))
        .then(pl.lit("missing"))
        .otherwise(None)
    )


def _is_number(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_suffix("%")
    return text.str.contains(words.NUMBER) | text.str.contains(words.THOUSANDS)


def _number(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_suffix("%").str.replace_all(",", "")
    plain = pl.when(pl.col(f"{name}_mark").is_null() & _is_number(name)).then(text).otherwise(None)
    number = plain.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).otherwise(None).alias(name)


def _find_repeated(frame: pl.DataFrame) -> pl.DataFrame:
    key = list(FIGURE)
    usable = pl.col("reason").is_null()
    says = pl.struct("value", "numerator", "denominator", "is_hidden", "is_unreadable")
    frame = frame.with_columns(pl.struct(*key).alias("figure"))
    candidates = (
        frame.filter(usable)
        .group_by("figure")
        .agg(
            says.n_unique().alias("versions"),
            (pl.struct("lower_cl", "upper_cl").n_unique() > 1).alias("has_other_limits"),
        )
    )
    frame = frame.join(candidates, on="figure", how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.when(pl.col("has_other_limits")).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("lower_cl", "upper_cl")
    )
    first = pl.col("row") == pl.col("row").filter(usable).min().over("figure")
    return _drop(frame, (pl.col("versions") > 1, words.DISAGREE), (~first, words.REPEATED)).drop("versions")


def _place_areas(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    place = rules.place
    pairs = frame.select("area_type", "area_code").unique().sort("area_type", "area_code")
    own = place.areas.group_by("area_code").agg(pl.col("area_type").unique().sort().alias("own_types"))
    pairs = pairs.join(own, on="area_code", how="left", maintain_order="left")
    told = [_judge_area(label, code, types, rules) for label, code, types in pairs.iter_rows()]
    judged = pairs.select("area_type", "area_code").with_columns(
        pl.Series("types", [types for types, _ in told], dtype=pl.List(pl.String)),
        pl.Series("kind", [types[0] if types else None for types, _ in told], dtype=pl.String),
        pl.Series("area_reason", [reason for _, reason in told], dtype=pl.String),
    )
    frame = frame.join(judged, on=["area_type", "area_code"], how="left", maintain_order="left")
    return frame.with_columns(pl.coalesce("reason", "area_reason").alias("reason"))


def _judge_area(
    label: str, code: str, own: Sequence[str] | None, rules: Rules
) -> tuple[list[str], str | None]:
    """The kinds of area that a row is shown as, or the reason why it is not."""
    named = rules.options.area_types.get(label)
    kinds = (named,) if named else words.read_area_label(label)
    if own:
        fitting = [kind for kind in own if kind == AreaType.PLACE or not kinds or kind in kinds]
        if not any(kind != AreaType.PLACE for kind in fitting) and AreaType.PLACE not in own:
            return [], words.WRONG_AREA_TYPE
        return fitting, None
    if code in rules.place.comparators:
        kind = words.read_area_code(code) or (kinds[0] if kinds else None)
        return ([str(kind)], None) if kind else ([], words.UNKNOWN_AREA_TYPE)
    return [], words.OTHER_AREA if kinds else words.UNKNOWN_AREA_TYPE


def _scale_values(
    frame: pl.DataFrame, rules: Rules, report: TableReport, faults: list[Fault]
) -> pl.DataFrame:
    factors = {name: one.multiplier for name, one in rules.indicators.items()}
    multiplier = pl.col("indicator_id").replace_strict(factors, default=1.0, return_dtype=pl.Float64)
    frame = frame.with_columns(multiplier.alias("multiplier"))
    if isinstance(rules.options, CountsOptions) and rules.options.value_is == "fraction":
        return frame.with_columns(pl.col(*NUMBERS[:3]) * pl.col("multiplier"))
    _doubt_units(frame, rules, report, faults)
    return frame


def _doubt_units(frame: pl.DataFrame, rules: Rules, report: TableReport, faults: list[Fault]) -> None:
    """Tell of values that look like shares where percentages are meant: nothing else would show it."""
    if not isinstance(rules.options, CountsOptions):
        return
    usable = frame.filter(pl.col("reason").is_null(), pl.col("value").is_not_null(), pl.col("multiplier") > 1)
    if usable.is_empty():
        return
    share = usable.select(
        (pl.col("value") * pl.col("denominator") / (pl.col("numerator") * pl.col("multiplier"))).alias(
            "ratio"
        ),
        (1 / pl.col("multiplier")).alias("share"),
    ).filter(pl.col("ratio").is_finite())
    hint = 'If so, set value_is = "fraction" in place.toml.'
    if share.height and float((share["ratio"] / share["share"] - 1).abs().median() or 0) < 0.05:  # type: ignore[arg-type]
        what = f"its values of {report.table} are shares from 0 to 1, by their counts."
        faults.append(Fault(report.file, what, hint))
    elif not share.height and usable["value"].max() <= 1:  # type: ignore[operator]
        report.notes.append(f"no value of {report.table} is above 1: are they shares from 0 to 1? {hint}")


def _check_numbers(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    shares = [name for name, one in rules.indicators.items() if one.value_type is ValueType.PROPORTION]
    standardised = [name for name, one in rules.indicators.items() if one.value_type is ValueType.DSR]
    is_share = pl.col("indicator_id").is_in(shares)
    is_standardised = pl.col("indicator_id").is_in(standardised)
    value, lower, upper = (pl.col(name) for name in NUMBERS[:3])
    numerator, denominator = pl.col("numerator"), pl.col("denominator")
    slack = 1e-9 * pl.max_horizontal(value.abs(), 1.0)
    apart = (value < lower - slack) | (value > upper + slack) | (lower > upper + slack)
    fractional = ((numerator % 1 != 0) | (denominator % 1 != 0)).fill_null(value=False)
    counted = numerator.is_not_null() & (denominator > 0)
    frame = _drop(
        frame,
        (pl.col("is_unreadable"), words.VALUE_UNREADABLE),
        (pl.lit(not rules.is_published) & fractional, words.NOT_WHOLE),
        ((numerator < 0) | (denominator < 0), words.OUT_OF_RANGE),
        (is_share & (numerator > denominator), words.ABOVE_DENOMINATOR),
        (is_share & ((value < 0) | (value > pl.col("multiplier"))), words.OUT_OF_RANGE),
        (apart, words.LIMITS_APART),
        (
            pl.lit(not rules.is_published) & value.is_not_null() & (~counted | is_standardised),
            words.UNPUBLISHED_VALUE,
        ),
    )
    from_counts = value.is_null() & ~pl.col("is_hidden") & counted & ~is_standardised
    is_missing = value.is_null() & ~pl.col("is_hidden") & (~counted | is_standardised)
    hidden_count = (pl.col("numerator_mark") == "suppressed").fill_null(value=False)
    hidden = pl.col("is_hidden") | (is_missing & hidden_count)
    changes = [
        pl.when(condition).then(pl.lit(change))
        for condition, change in (
            (hidden, words.SUPPRESSED),
            (is_missing & ~hidden, words.MISSING),
            (fractional, words.ROUNDED_COUNT),
            (pl.col("has_other_limits"), words.LIMITS_SET_ASIDE),
            (from_counts, words.VALUE_FROM_COUNTS),
        )
    ]
    note = (
        pl.when(hidden)
        .then(pl.lit(str(ValueNote.SUPPRESSED)))
        .when(is_missing)
        .then(pl.lit(str(ValueNote.MISSING)))
        .otherwise(pl.lit(str(ValueNote.PUBLISHED)))
    )
    return frame.with_columns(
        pl.concat_list(changes).list.drop_nulls().alias("changes"), note.alias("value_note")
    )


def _keep_newest_edition(frame: pl.DataFrame) -> pl.DataFrame:
    usable = pl.col("reason").is_null()
    newest = pl.col("edition").filter(usable).max().over("indicator_id", "area_code", "cut", "period")
    return _drop(frame, (pl.col("edition") != newest, words.OTHER_EDITION))


def _choose_periods(frame: pl.DataFrame, rules: Rules, file: str, faults: list[Fault]) -> pl.DataFrame:
    asked = rules.options.periods
    usable = pl.col("reason").is_null()
    if asked == "all":
        return frame
    if asked == "latest":
        latest = pl.col("period").filter(usable).max().over("indicator_id", "kind", "cut")
        frame = frame.with_columns((pl.col("period") == latest).alias("is_latest"))
        # A breakdown without the figure for everybody beside it says little: England's is kept for both.
        shown = (pl.col("is_latest") & usable).any().over("indicator_id", "area_code", "period")
        beside = (pl.col("area_code") == words.ENGLAND) & (pl.col("cut") == Cut.ALL) & shown
        return _drop(frame, (~pl.col("is_latest") & ~beside, words.OTHER_PERIOD))
    found = set(frame.filter(usable)["period"].unique().to_list())
    for period in asked:
        if words.read_period(period) not in found:
            told = f"It holds {', '.join(sorted(found))}." if found else ""
            faults.append(Fault(file, f'holds no figure of this place for "{period}".', told))
    wanted = [words.read_period(period) for period in asked]
    return _drop(frame, (~pl.col("period").is_in(wanted), words.OTHER_PERIOD))


def _count_dropped(frame: pl.DataFrame, report: TableReport) -> None:
    dropped = frame.filter(pl.col("reason").is_not_null())
    rows = dict(dropped.group_by("reason").agg("row").iter_rows())
    for reason in words.DROPPED:
        if reason in rows:
            report.dropped[reason] = len(rows[reason])
            if reason not in words.UNREMARKABLE:
                report.notes.append(f"{reason}: {say_rows(sorted(rows[reason]))}")


def say_rows(rows: Sequence[int]) -> str:
    """The first rows of many, by number; the header line is row 1.

    >>> say_rows([4]), say_rows([2, 3, 4, 5, 9])
    ('row 4', 'rows 2, 3, 4 and 2 more')
    """
    first = ", ".join(f"{row:,}" for row in rows[:3])
    more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
    return f"row{'s' if len(rows) > 1 else ''} {first}{more}"
