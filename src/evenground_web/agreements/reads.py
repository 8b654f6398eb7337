"""The agreements of the current release, and how each stands on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from evenground.releases import AgreementInfo, IndicatorInfo, Release

SOON: Final = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Shown:
    """An agreement on a day: what it says, how it stands, and the indicators that need it."""

    info: AgreementInfo
    standing: str
    days_left: int
    is_review_due: bool
    indicators: tuple[IndicatorInfo, ...]

    @property
    def ends_soon(self) -> bool:
        """Whether it ends within 90 days, or has ended."""
        return self.days_left <= SOON.days


def list_agreements(release: Release, today: dt.date) -> tuple[Shown, ...]:
    """The agreements of a release as they stand on a day, the first to end first."""
    shown = (_show(release, info, today) for info in release.agreements)
    return tuple(sorted(shown, key=lambda one: (one.info.end, one.info.id)))


def _show(release: Release, info: AgreementInfo, today: dt.date) -> Shown:
    start, review, end = (dt.date.fromisoformat(day) for day in (info.start, info.review, info.end))
    days = (end - today).days
    standing = "Ended" if days < 0 else "Not begun" if today < start else "In force"
    indicators = tuple(release.indicators[name] for name in info.indicators if name in release.indicators)
    return Shown(info, standing, days, review < today, indicators)
