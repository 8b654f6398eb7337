"""Frozen rankings of the site, held against their digests and against the site's log."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from evenground.audit_log import Event, digest_record, read_lines
from evenground.errors import AuditLogError
from evenground.pipeline.releasing import SITE_LOG
from evenground.workspace import Workspace

SITE_DATABASE: Final = "site.sqlite3"
_TABLE: Final = "priorities_frozenranking"
_JSON: Final = ("rows", "evidence")


def verify_frozen(workspace: Workspace) -> int:
    """Check that every frozen ranking is as it was written, and that none that the log names is gone.

    Parameters
    ----------
    workspace
        Whose site it is: its database and log lie there. Nothing is checked where it was never opened.

    Returns
    -------
    int
        How many records there are.

    Raises
    ------
    AuditLogError
        Naming the records that were altered, removed, or written past the log.
    """
    database, log = workspace.root / SITE_DATABASE, workspace.root / SITE_LOG
    records = dict(_read_records(database)) if database.is_file() else {}
    logged = {
        int(line.facts["record"]): str(line.facts["sha256"])
        for line in read_lines(log)
        if line.event == Event.FROZEN
    }
    problems = [*_find_altered(records), *_find_unlogged(records, logged)]
    if problems:
        raise AuditLogError(
            f"The frozen rankings of {workspace.root.name} are not as they were written: "
            f"{' '.join(problems)} Compare with a backup of {database.name}."
        )
    return len(records)


def _find_altered(records: dict[int, dict[str, Any]]) -> Iterator[str]:
    for number, facts in records.items():
        told = dict(facts)
        if told.pop("sha256") != digest_record(told):
            yield f"record {number} was altered."


def _find_unlogged(records: dict[int, dict[str, Any]], logged: dict[int, str]) -> Iterator[str]:
    """What does not agree with the log: whoever alters a record and its digest has not altered that."""
    for number, digest in logged.items():
        if number not in records:
            yield f"record {number} was removed."
        elif records[number]["sha256"] != digest:
            yield f"record {number} is not the one that the log names."


def _read_records(database: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        is_there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        if connection.execute(is_there, [_TABLE]).fetchone() is None:
            return
        for row in connection.execute(f"SELECT * FROM {_TABLE} ORDER BY id"):  # noqa: S608
            yield int(row["id"]), _read_facts(dict(row))


def _read_facts(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the site takes its digest."""
    del row["id"]
    for name in _JSON:
        if name in row:
            row[name] = json.loads(row[name])
    row["own_standard"] = bool(row["own_standard"])
    moment = dt.datetime.fromisoformat(row["frozen_at"]).replace(tzinfo=dt.UTC)
    row["frozen_at"] = moment.isoformat(timespec="seconds")
    return row
