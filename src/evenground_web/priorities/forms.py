"""What a reader chooses on the priorities page: plain GET, so that a page can be shared by its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import Http404, HttpRequest

from evenground.releases import Release
from evenground.vocabulary import ALL_SERVICES
from evenground_web.priorities import area_reads, reads

STEP: Final = 20
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """What is ranked, of which kind of community, in which order, and how many are shown."""

    service: str
    kind: str
    order: str
    show: int


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """The indicator that areas are placed by, and their kind; no indicator where none can be placed."""

    indicator: str
    area_type: str


def require_area_choice(release: Release, request: HttpRequest) -> AreaChoice:
    """The choices in the address, or 'page not found' where one of them is none of ours."""
    types = area_reads.area_types(release)
    area_type = request.GET.get("type") or next(iter(types), "")
    known = area_reads.rankable(release, area_type) if area_type in types else {}
    indicator = request.GET.get("indicator") or next(iter(known), "")
    if (types and area_type not in types) or (known and indicator not in known):
        raise Http404
    return AreaChoice(indicator, area_type) if known else AreaChoice("", area_type)


def require_choice(release: Release, request: HttpRequest) -> Choice:
    """The choices in the address, or 'page not found' where one of them is none of ours."""
    known_services, known_kinds = reads.services(release), reads.kinds(release)
    choice = Choice(
        service=request.GET.get("service") or next(iter(known_services), ALL_SERVICES),
        kind=request.GET.get("kind") or next(iter(known_kinds), next(iter(reads.KINDS))),
        order=request.GET.get("order") or "total",
        show=_read_number(request.GET.get("show")),
    )
    known = choice.order in reads.ORDERS
    known &= choice.service in known_services or not known_services
    known &= choice.kind in known_kinds or not known_kinds
    if not known:
        raise Http404
    return choice


def _read_number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 4:
        return STEP
    return min(max(int(text), STEP), _MOST)
