"""From scored pairs to links: each person of either side in one link at most, and the rest told."""

# ruff: noqa: S608 - identifiers are ours; no text from outside is in this SQL.

from __future__ import annotations

from typing import Final

from evenground.sources.linkage.definition import Linkage
from evenground.sources.staging.session import Session

BETWEEN: Final = "between the thresholds"
TIED: Final = "several are as close"
OUTRANKED: Final = "closer to another record"

REASONS: Final = (BETWEEN, TIED, OUTRANKED)
"""Why a pair is left to a person to decide."""


def resolve(session: Session, linkage: Linkage) -> None:
    """Make ``links`` and ``review`` of ``scored``.

    A pair is a link where it reaches the threshold, and is the best of both its people without an equal. Of
    the others, those are for review whose person of the source is not linked; below the threshold, neither.
    """
    session.run(f"""
        CREATE TEMP TABLE ranked AS
        SELECT *, probability >= {linkage.thresholds.link!r} AS is_enough,
            count(*) FILTER (is_enough) OVER (PARTITION BY source_no, weight) AS source_ties,
            count(*) FILTER (is_enough) OVER (PARTITION BY register_no, weight) AS register_ties,
            weight = max(weight) OVER (PARTITION BY source_no) AS is_best_of_source,
            weight = max(weight) OVER (PARTITION BY register_no) AS is_best_of_register
        FROM scored""")
    session.run("""
        CREATE TEMP TABLE links AS
        SELECT source_no, register_no, weight, probability FROM ranked
        WHERE is_enough AND is_best_of_source AND is_best_of_register
            AND source_ties = 1 AND register_ties = 1""")
    session.run(f"""
        CREATE TEMP TABLE review AS
        SELECT ranked.* EXCLUDE (
                is_enough, source_ties, register_ties, is_best_of_source, is_best_of_register),
            CASE WHEN NOT is_enough THEN '{BETWEEN}'
                WHEN is_best_of_source AND is_best_of_register THEN '{TIED}' ELSE '{OUTRANKED}' END AS reason
        FROM ranked
        WHERE source_no NOT IN (SELECT source_no FROM links)
            AND (is_enough OR register_no NOT IN (SELECT register_no FROM links))""")
