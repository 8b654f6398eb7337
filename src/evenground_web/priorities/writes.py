"""Freezing a ranking, and its line in the site's log."""

from __future__ import annotations

import hashlib
from typing import Final

from django.db import transaction
from django.utils import timezone

from evenground.audit_log import Event
from evenground.releases import MANIFEST, Release
from evenground.spending import WORTH
from evenground_web.accounts.models import Account
from evenground_web.common.site_log import note_event
from evenground_web.priorities import reads
from evenground_web.priorities.forms import Choice, read_chosen
from evenground_web.priorities.models import FrozenRanking
from evenground_web.priorities.worth_reads import describe_evidence

ROW_COLUMNS: Final = (
    "service_id",
    "rank",
    "area_type",
    "area_code",
    "ethnic_group",
    "eligible",
    "reached",
    "value_note",
    "estimated_uptake",
    "predicted_uptake",
    "expected_missing",
    "expected_missing_per_100",
    "lower_cl",
    "upper_cl",
    "probability_top_10",
    "probability_below",
    "top_service_id",
    *WORTH,
)


@transaction.atomic
def freeze_ranking(
    *, release: Release, choice: Choice, account: Account, title: str, reasons: str
) -> FrozenRanking:
    """Keep a ranking as it stands, with the reasons of whoever decided by it.

    Parameters
    ----------
    release
        That the ranking is of.
    choice
        What is ranked, in which order, against which standard.
    account
        Who freezes it.
    title, reasons
        In their words.
    """
    valued = read_chosen(release, choice)
    communities = reads.describe_communities(release, valued.frame)
    rows = [
        {name: community.raw[name] for name in ROW_COLUMNS}
        | {
            "position": community.position,
            "name": community.name,
            "why": community.why,
            "flagged": community.is_flagged,
        }
        for community in communities
    ]
    manifest = release.manifest
    frozen = FrozenRanking(
        service_id=choice.service,
        service_name=reads.services(release).get(choice.service, choice.service),
        community_type=choice.kind,
        order=choice.order,
        flags=choice.flags,
        standard=choice.typed or reads.say_standard(release, choice.service),
        own_standard=choice.standard is None,
        title=title,
        reasons=reasons,
        release_id=release.id,
        release_sha256=hashlib.sha256((release.path / MANIFEST).read_bytes()).hexdigest(),
        place_name=manifest.place_name,
        as_at=manifest.as_at,
        policy=manifest.policy,
        rows=rows,
        evidence=describe_evidence(valued.records, timezone.localdate()),
        frozen_by=account.username,
        frozen_by_name=account.display_name,
        frozen_by_role=account.role,
        frozen_at=timezone.now().replace(microsecond=0),
    )
    frozen.sha256 = frozen.calculate_digest()
    frozen.save()
    facts: dict[str, str | int] = {
        "record": frozen.pk,
        "release": release.id,
        "sha256": frozen.sha256,
    }
    transaction.on_commit(lambda: note_event(Event.FROZEN, by=account.username, facts=facts))
    return frozen
