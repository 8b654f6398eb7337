"""The probabilistic model: what agreement on each field is worth, which Splink learns, and the scores."""

# ruff: noqa: S608 - identifiers are ours; no text from outside is in this SQL.

from __future__ import annotations

import importlib
import importlib.util
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from evenground.errors import Fault, SourceError, WorkspaceError
from evenground.sources.linkage.definition import Compared, Linkage
from evenground.sources.linkage.fields import DIFFERENT, FIELDS
from evenground.sources.staging.inputs import Progress
from evenground.sources.staging.session import Session

MOST_PAIRS: Final = 50_000_000
"""Pairs that one blocking rule may give. Past this a rule says too little, and a laptop runs out of disk."""

LEAST_M: Final = 0.001
"""No record is believed to be right more often than 999 times in 1,000: a field can go wrong for anybody."""

_SEED: Final = 20_240_229
_SAMPLED_PAIRS: Final = 4e6
_TRAINING_PAIRS: Final = 2e6
_SCORED: Final = "scored"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a comparison: how often people who match agree like this, and how often others do.

    ``weight`` is the base-2 logarithm of their ratio.
    """

    name: str
    m: float
    u: float
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was learned of one field."""

    field: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """The trained model, and the pairs that each blocking rule gave."""

    splink_version: str
    prior: float
    comparisons: tuple[Comparison, ...]
    pairs: dict[str, int]


def require_splink() -> None:
    """Stop where Splink is not installed.

    Raises
    ------
    WorkspaceError
        Which names the extra that brings it.
    """
    if importlib.util.find_spec("splink") is None:
        hint = "Install it with: pip install 'evenground[linkage]'"
        raise WorkspaceError("Nothing was linked.", [Fault("Splink", "is not installed.", hint)])


def train_and_score(session: Session, linkage: Linkage, tell: Progress) -> Model:
    """Learn the weights from ``source_people`` and ``register_people``, and make the table ``scored``.

    ``scored`` has one row for each pair of a blocking rule whose probability reaches the threshold of review:
    ``source_no``, ``register_no``, ``weight``, ``probability`` and a ``<field>_level`` for each comparison.

    Raises
    ------
    SourceError
        Where a blocking rule gives far too many pairs, or all together too few to learn from.
    """
    tell("Counting pairs")
    pairs = _count_pairs(session, linkage)
    with _quiet():
        splink = importlib.import_module("splink")
        try:
            linker = _make_linker(session, splink, _describe(session, linkage, splink))
            _train(session, linkage, linker, pairs, tell)
            learned = _steady(linker.misc.save_model_to_json(), _least_u(session))
            tell(f"Comparing {sum(pairs.values()):,} pairs")
            predicted = _make_linker(session, splink, learned).inference.predict(
                threshold_match_probability=linkage.thresholds.review, warning_mode="never"
            )
            _keep_scores(session, linkage, predicted.physical_name)
        except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException):
            raise
        except (_splink_errors(), duckdb.Error) as error:
            problem = type(error).__name__
        else:
            prior = linkage.expected_share / _count(session, "register_people")
            return Model(splink.__version__, prior, tuple(_read_comparisons(linkage, learned)), pairs)
    # Outside the except clause: Splink's words hold whole statements, and must not be chained to the error.
    hint = "Look at how complete the fields are, and give blocking rules that more people share."
    fault = Fault(f"linkages/{linkage.id}.toml", f"Splink could not train the model ({problem}).", hint)
    raise SourceError(f'The linkage "{linkage.id}" cannot be made.', [fault])


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink tells of its progress by logging, SQL included: none of it leaves the secure zone."""
    logger = logging.getLogger("splink")
    before = logger.disabled, logger.propagate, logger.level, list(logger.handlers)
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.disabled, logger.propagate, level, logger.handlers = before
        logger.setLevel(level)


def _splink_errors() -> type[Exception]:
    errors: type[Exception] = importlib.import_module("splink.internals.exceptions").SplinkException
    return errors


def _count(session: Session, table: str) -> int:
    return int(session.run(f"SELECT count(*) FROM {table}")[0][0])


def _words(rule: Sequence[str]) -> str:
    return " + ".join(rule)


def _count_pairs(session: Session, linkage: Linkage) -> dict[str, int]:
    """How many pairs each rule gives, counted without making them."""
    pairs, faults = {}, []
    for number, rule in enumerate(linkage.blocking, start=1):
        keys = ", ".join(rule)
        sides = (
            f"(SELECT {keys}, count(*) AS n FROM {side}_people GROUP BY ALL) AS {side}"
            for side in ("source", "register")
        )
        total = session.run(
            f"SELECT coalesce(sum(source.n::HUGEINT * register.n), 0) FROM {' JOIN '.join(sides)} "
            f"USING ({keys})"
        )[0][0]
        pairs[_words(rule)] = int(total)
        if total > MOST_PAIRS:
            what = f"gives {total:,} pairs to compare, more than {MOST_PAIRS:,}."
            hint = f"Add a key to {_words(rule)}."
            faults.append(Fault(f"linkages/{linkage.id}.toml, blocking[{number}]", what, hint))
    if not any(pairs.values()):
        what = "no two records agree on the keys of any rule."
        hint = "Check that both files have the same people, and the same form of names and postcodes."
        faults.append(Fault(f"linkages/{linkage.id}.toml, blocking", what, hint))
    if faults:
        raise SourceError(f'The linkage "{linkage.id}" cannot be made.', faults)
    return pairs


def _describe(session: Session, linkage: Linkage, splink: Any) -> Any:
    return splink.SettingsCreator(
        link_type="link_only",
        comparisons=[_describe_comparison(item) for item in linkage.comparisons],
        blocking_rules_to_generate_predictions=[splink.block_on(*rule) for rule in linkage.blocking],
        probability_two_random_records_match=linkage.expected_share / _count(session, "register_people"),
        retain_matching_columns=True,
        em_convergence=1e-5,
        max_iterations=50,
        linker_uid="linkage",
    )


def _make_linker(session: Session, splink: Any, settings: Any) -> Any:
    api = splink.DuckDBAPI(connection=session.connection)
    # The names decide which of the two is on the left of a pair.
    tables = [
        api.register(f"{side}_people", dataset_display_name=name)
        for name, side in (("a", "source"), ("b", "register"))
    ]
    return splink.Linker(tables, settings, log_level=None)


def _describe_comparison(item: Compared) -> dict[str, Any]:
    field = FIELDS[item.field]
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": f"{field.name}_l IS NULL OR {field.name}_r IS NULL",
            "label_for_charts": "missing",
            "is_null_level": True,
        }
    ]
    for name in item.chosen():
        level: dict[str, Any] = {"sql_condition": field.levels[name], "label_for_charts": name}
        if item.rarity and name == "same":
            level["tf_adjustment_column"] = field.name
        levels.append(level)
    levels.append({"sql_condition": "ELSE", "label_for_charts": DIFFERENT})
    return {"output_column_name": field.name, "comparison_levels": levels}


def _train(session: Session, linkage: Linkage, linker: Any, pairs: dict[str, int], tell: Progress) -> None:
    # Sums of probabilities depend on their order in the last digits, and samples on how rows are shared out:
    # on one thread, both are the same each time.
    threads = session.run("SELECT current_setting('threads')")[0][0]
    session.run("SET threads = 1")
    tell("Learning how often people who do not match agree")
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=_SEED)
    for rule in linkage.blocking:
        if pairs[_words(rule)]:
            tell(f"Learning how often people who match agree, among those with one {_words(rule)}")
            linker.training.estimate_parameters_using_expectation_maximisation(
                importlib.import_module("splink").block_on(*rule),
                estimate_without_term_frequencies=True,
                max_pairs=_TRAINING_PAIRS,
                record_sample_proportion=1.0,
            )
    session.run(f"SET threads = {threads}")


def _least_u(session: Session) -> float:
    """How often a level is taken to stand between different people that no sampled pair of them shows."""
    pairs = _count(session, "source_people") * _count(session, "register_people")
    return 1 / min(pairs, _SAMPLED_PAIRS)


def _steady(learned: dict[str, Any], least_u: float) -> dict[str, Any]:
    """What was learned, with no level of people who match rarer than ``LEAST_M``, to six figures.

    Training takes a level that few show to next to nothing, and one wrong cell would then outweigh all else
    that agrees. The figures are what two machines agree on.
    """
    for comparison in learned["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        m = [max(_number(level.get("m_probability")) or 0.0, LEAST_M) for level in levels]
        u = [_number(level.get("u_probability")) or least_u for level in levels]
        for level, one, other in zip(levels, m, u, strict=True):
            level["m_probability"] = float(f"{one / sum(m):.6g}")
            level["u_probability"] = float(f"{other:.6g}")
    return learned


def _keep_scores(session: Session, linkage: Linkage, predicted: str) -> None:
    levels = []
    for item in linkage.comparisons:
        names = [DIFFERENT, *reversed(item.chosen())]
        whens = " ".join(f"WHEN {value} THEN '{name}'" for value, name in enumerate(names))
        levels.append(f"CASE gamma_{item.field} {whens} ELSE 'missing' END AS {item.field}_level")
    session.run(f"""
        CREATE TEMP TABLE {_SCORED} AS
        SELECT unique_id_l AS source_no, unique_id_r AS register_no, round(match_weight, 4) AS weight,
            round(match_probability, 6) AS probability, {", ".join(levels)}
        FROM {predicted}""")


def _read_comparisons(linkage: Linkage, learned: dict[str, Any]) -> Iterator[Comparison]:
    by_name = {entry["output_column_name"]: entry for entry in learned["comparisons"]}
    for item in linkage.comparisons:
        levels = by_name[item.field]["comparison_levels"]
        read = [_read_level(level) for level in levels if not level.get("is_null_level")]
        yield Comparison(item.field, tuple(read))


def _read_level(level: dict[str, Any]) -> Level:
    m, u = level["m_probability"], level["u_probability"]
    return Level(level["label_for_charts"], m, u, round(math.log2(m / u), 4))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
