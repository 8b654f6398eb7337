"""One DuckDB connection for one extract, inside the secure zone, and what its messages may say."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb

from evenground.errors import Fault, is_disk_full
from evenground.sources.staging import words
from evenground.sources.staging.files import InputFile, source_error

MEMORY_LIMIT: Final = "4GB"
"""Past this, DuckDB spills into the temporary folder."""

_CELL_COUNT_ERRORS: Final = ("MISSING COLUMNS", "TOO MANY COLUMNS")


class Session:
    """Runs SQL for one source. A failure is told without DuckDB's words, which quote rows."""

    def __init__(self, source: str, temporary: Path) -> None:
        self.source = source
        self.connection = duckdb.connect(
            config={
                "temp_directory": str(temporary / "spill"),
                "memory_limit": MEMORY_LIMIT,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        # A timestamp with a zone is read in UTC on every machine.
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = false")
        # DuckDB knows no row count of a CSV file, and would build its hash table on the events.
        self.connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,in_clause'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def run(self, sql: str, file: InputFile | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement.

        Raises
        ------
        SourceError
            Where ``file`` cannot be read to its end, or memory and temporary space run out.
        """
        try:
            return self.connection.execute(sql).fetchall()
        except duckdb.OutOfMemoryException as error:
            if is_disk_full(error):
                raise
            hint = "Free space in the folder 'secure' of the workspace, or read fewer events."
            fault = Fault(
                "The extract", f"needs more than {MEMORY_LIMIT} of memory and the free space.", hint
            )
        except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException):
            raise
        except duckdb.Error as error:
            if file is None or is_disk_full(error):
                raise
            hint = "It may be cut short or damaged: copy it again from the provider, and compare its size."
            fault = Fault(file.name, f"cannot be read to its end ({_length(file)}).", hint)
        # Outside the except clause, so that DuckDB's words are not chained to the error.
        raise source_error(self.source, [fault])

    def take_rejected(self, rejects: str) -> tuple[dict[str, int], list[str]]:
        """How many CSV rows were rejected and why, and where the first is; forgets the rows themselves."""
        exists = f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{rejects}'"
        if not self.run(exists)[0][0]:
            return {}, []
        kinds = ", ".join(f"'{kind}'" for kind in _CELL_COUNT_ERRORS)
        rows = self.run(
            f"SELECT is_ragged, count(*), min(line) FROM (SELECT line, bool_or(error_type IN ({kinds})) "
            f"AS is_ragged FROM {rejects} GROUP BY line) GROUP BY is_ragged ORDER BY is_ragged DESC"
        )
        self.run(f"DROP TABLE {rejects}")
        self.run(f"DROP TABLE {rejects}_scan")
        counts = {words.RAGGED if ragged else words.BROKEN_ROW: number for ragged, number, _ in rows}
        notes = [
            f"{words.RAGGED if ragged else words.BROKEN_ROW}: the first is line {line:,} of the file"
            for ragged, _, line in rows
        ]
        return counts, notes


def _length(file: InputFile) -> str:
    return f"{file.lines:,} lines" if file.format == "csv" else f"{file.path.stat().st_size:,} bytes"


def choose_reason(reasons: Sequence[tuple[str, str]]) -> str:
    """SQL for the number of the first reason whose condition holds, from 0; NULL where none does.

    ``reasons`` are pairs of words and condition.
    """
    whens = " ".join(f"WHEN {condition} THEN {n}" for n, (_, condition) in enumerate(reasons))
    return f"CAST(CASE {whens} END AS UTINYINT)"


def mark_changes(changes: Sequence[tuple[str, str]]) -> str:
    """SQL for a bit mask of the changes, pairs of words and condition, whose condition holds."""
    bits = " + ".join(
        f"(CASE WHEN {condition} THEN {1 << n} ELSE 0 END)" for n, (_, condition) in enumerate(changes)
    )
    return f"CAST({bits} AS UINTEGER)"


def count_changes(changes: Sequence[tuple[str, str]], mask: str) -> str:
    """SQL for one count a change, over the rows of a group."""
    return ", ".join(f"count(*) FILTER (WHERE ({mask}) & {1 << n} <> 0)" for n in range(len(changes)))


def in_words(changes: Sequence[tuple[str, str]], counts: Sequence[int]) -> dict[str, int]:
    """The counts of ``count_changes`` by their words, without zeros."""
    return {text: count for (text, _), count in zip(changes, counts, strict=True) if count}
