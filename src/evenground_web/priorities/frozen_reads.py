"""Frozen rankings, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from evenground_web.accounts.roles import Role
from evenground_web.priorities import reads, worth_reads
from evenground_web.priorities.models import FrozenRanking


@dataclass(frozen=True, slots=True)
class Record:
    """A frozen ranking in words.

    ``is_whole`` is false where it is no longer what was written.
    """

    frozen: FrozenRanking
    kind: str
    order: str
    standard: str
    flags: str
    role: str
    is_whole: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its communities, in order."""
        return [row | {"benefit": worth_reads.say_benefit(row)} for row in self.frozen.rows]

    @property
    def knows_need(self) -> bool:
        """Whether need was kept: records of before have the gap alone."""
        return any("need" in row for row in self.frozen.rows)

    @property
    def passed_over(self) -> str:
        """The Plus groups that going by benefit would have passed over, by name."""
        return ", ".join(sorted({row["plus_group"] for row in self.frozen.rows if row.get("passed_over")}))


def list_frozen() -> QuerySet[FrozenRanking]:
    """Every frozen ranking, the latest first, without its rows."""
    return FrozenRanking.objects.defer("rows")


def require_frozen(record: int) -> Record:
    """A frozen ranking by the number in an address.

    Raises
    ------
    Http404
        Where there is none.
    """
    found = FrozenRanking.objects.filter(pk=record).first()
    if found is None:
        raise Http404
    return Record(
        found,
        kind=reads.KINDS.get(found.community_type, found.community_type),  # type: ignore[call-overload]
        order=reads.ORDERS.get(found.order, found.order),
        standard=_say_standard(found),
        flags=reads.FLAGS.get(found.flags, found.flags),
        role=Role(found.frozen_by_role).label,
        is_whole=found.calculate_digest() == found.sha256,
    )


def _say_standard(found: FrozenRanking) -> str:
    if not found.standard:
        return "Each service against its own"
    whose = "the service’s own" if found.own_standard else "chosen for this ranking"
    return f"{found.standard}%, {whose}"
