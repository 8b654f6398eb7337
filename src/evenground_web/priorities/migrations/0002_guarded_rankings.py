"""Evidence kept with a frozen ranking; and the database itself refuses to change or remove a record.

A later migration that makes the table anew loses the triggers: it must put them back (``guard``). A test
looks for them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

_TABLE = "priorities_frozenranking"
_TRIGGERS = {
    "priorities_frozenranking_unchanged": ("UPDATE", "", "A frozen ranking cannot be changed."),
    "priorities_frozenranking_kept": ("DELETE", "", "A frozen ranking cannot be removed."),
    # 'INSERT OR REPLACE' removes a row without asking the trigger on removal.
    "priorities_frozenranking_not_replaced": (
        "INSERT",
        f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id) ",  # noqa: S608
        "A frozen ranking cannot be replaced.",
    ),
}


def guard(apps: Any, schema_editor: Any) -> None:
    """Make the triggers."""
    for name, (event, when, words) in _TRIGGERS.items():
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {_TABLE} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def unguard(apps: Any, schema_editor: Any) -> None:
    """Drop them."""
    for name in _TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    """The column first: adding one makes the table anew."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("priorities", "0001_frozen_rankings")]
    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="frozenranking", name="evidence", field=models.JSONField(default=list)
        ),
        migrations.RunPython(guard, unguard),
    ]
