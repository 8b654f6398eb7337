"""Who was linked less often: the rates of the linkages that a build uses, for its report and its release."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from evenground.disclosure import Policy, choose_rows_to_hide, protect_count
from evenground.errors import AgreementError
from evenground.indicators import SHIPPED, load_definitions
from evenground.pipeline.coverage import policy_of_documents
from evenground.pipeline.governance import weigh_place
from evenground.releases import LinkageInfo
from evenground.sources.aggregates import split_sections
from evenground.sources.linkage import LinkageRates, Linked, Rate, link_sources, load_rates
from evenground.vocabulary import Cut, ValueNote
from evenground.workspace import Workspace

GROUPS: Final = ("all", "ethnic_group", "imd_quintile")
"""The groups that a build tells of; the linkage's own report has sex and age as well."""

_MEASURES: Final = ("persons", "linked")


def read_linkages(workspace: Workspace) -> list[LinkageRates]:
    """The rates of each linkage that a source of people uses, of the people of that source: exact counts."""
    sections = split_sections(workspace.place.sources)[0]
    named = (section.options.get("linkage") for section in sections)
    linkages = [load_rates(workspace.root, str(linkage_id)) for linkage_id in named if linkage_id]
    return [linkage.keep(GROUPS) for linkage in linkages if linkage is not None]


def link_place(
    workspace: Workspace,
    linkage_id: str,
    *,
    progress: Callable[[str], None] | None = None,
    today: dt.date | None = None,
) -> Linked:
    """Link two sources of a place that share no identifier, where its agreements let them be used.

    Whoever opted out of a source takes no part.

    Parameters
    ----------
    linkage_id
        The linkage's id.
    progress
        Called with a sentence as the work goes on.
    today
        The day on which agreements have to be in force; the day of the linkage by default.

    Raises
    ------
    AgreementError
        Where a source of the place may not be used today; nothing is read then.
    SourceError, DefinitionError
        As ``link_sources`` raises them.
    """
    definitions = load_definitions(SHIPPED, workspace.definitions)
    weighed = weigh_place(workspace, definitions, today or dt.datetime.now(dt.UTC).date())
    if weighed.standings.faults:
        raise AgreementError(
            "The data-sharing agreements do not allow this linkage.", weighed.standings.faults
        )
    return link_sources(workspace, linkage_id, restrictions=weighed.restrictions, progress=progress)


def describe_linkages(linkages: Iterable[LinkageRates], policy: Policy) -> Iterator[LinkageInfo]:
    """The same under the policy, as a release tells it, without the counts that give a hidden one away."""
    for linkage in linkages:
        told = [_protect(linkage, rate, policy_of_documents(policy)) for rate in linkage.rates]
        yield from _hide_further(told, policy)


def list_rates(linkages: Iterable[LinkageInfo]) -> list[dict[str, object]]:
    """Linkages as an attacker reads them: in each table the counts of groups add up to everybody's."""
    return [row for _, _, row in _add_up(tuple(linkages))]


def _hide_further(told: Sequence[LinkageInfo], policy: Policy) -> list[LinkageInfo]:
    rows = _add_up(told)
    chosen = choose_rows_to_hide([row for *_, row in rows], policy) if policy.secondary else frozenset()
    hidden = {rows[place][:2] for place in chosen}
    note = str(ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED)
    kept = list(told)
    for place, measure in sorted(hidden):
        # The share that was linked cannot be told either.
        change = {"linked": None} | ({"persons": None} if measure == "persons" else {})
        is_first = kept[place].linked is not None
        kept[place] = kept[place].model_copy(update=change | ({"value_note": note} if is_first else {}))
    return kept


def _add_up(told: Sequence[LinkageInfo]) -> list[tuple[int, str, dict[str, object]]]:
    """The place of each row, the measure, and what it says as a part, or the whole, of a table."""
    everybody = {row.linkage: place for place, row in enumerate(told) if row.group == Cut.ALL}
    tables = dict.fromkeys((row.linkage, row.group) for row in told if row.group != Cut.ALL)
    rows = []
    for (linkage, group), measure in product(tables, _MEASURES):
        parts = [place for place, row in enumerate(told) if (row.linkage, row.group) == (linkage, group)]
        whole = [everybody[linkage]] if linkage in everybody else []
        for place in (*whole, *parts):
            row = told[place]
            said = {
                "source": linkage,
                "table": f"{measure} by {group}",
                "what": "read" if row.group == Cut.ALL else "kept",
                "reason": row.category,
                "count": getattr(row, measure),
                "value_note": row.value_note,
            }
            rows.append((place, measure, said))
    return rows


def _protect(linkage: LinkageRates, rate: Rate, policy: Policy) -> LinkageInfo:
    (persons, told_persons), (linked, told_linked) = (
        protect_count(count, policy) for count in (rate.persons, rate.linked)
    )
    is_hidden = ValueNote.SUPPRESSED in (told_persons, told_linked)
    return LinkageInfo(
        linkage=linkage.name,
        source=linkage.source,
        register_name=linkage.register,
        group=rate.group,
        category=rate.category,
        persons=persons,
        linked=None if is_hidden else linked,
        value_note=ValueNote.SUPPRESSED if is_hidden else told_linked,
    )
