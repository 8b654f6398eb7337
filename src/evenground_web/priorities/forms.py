"""What a reader chooses on the priorities page: plain GET, so that a page can be shared by its address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from django import forms
from django.http import Http404, HttpRequest

from evenground.releases import Release
from evenground.vocabulary import ALL_SERVICES
from evenground_web.priorities import area_reads, reads, what_if, worth_reads

STEP: Final = 20
_PERCENT: Final = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)
_MOST: Final = 1000
LONGEST_REASONS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What is ranked, of which kind of community, in which order, and how many are shown.

    ``standard`` is a share where another than the service's own is asked for, ``typed`` what stood in the
    field (per cent), and ``fault`` why it could not be used. ``flags`` is the rate of false flags, in per
    cent.
    """

    service: str
    kind: str
    order: str
    show: int
    standard: float | None = None
    typed: str = ""
    fault: str = ""
    flags: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The choice as an address keeps it, but for how many are shown."""
        chosen = {"service": self.service, "kind": self.kind, "order": self.order}
        chosen |= {"standard": self.typed} if self.standard is not None else {}
        return chosen | ({"flags": self.flags} if self.flags else {})

    @property
    def flag_rate(self) -> float | None:
        """The share of flags that may be wrong; none where nothing is flagged."""
        return int(self.flags) / 100 if self.flags else None


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
    asked = request.POST if request.method == "POST" else request.GET
    known_services, known_kinds = reads.services(release), reads.kinds(release)
    choice = Choice(
        service=asked.get("service") or next(iter(known_services), ALL_SERVICES),
        kind=asked.get("kind") or next(iter(known_kinds), next(iter(reads.KINDS))),
        order=asked.get("order") or "total",
        show=_read_number(asked.get("show")),
        flags=asked.get("flags") or "",
    )
    known = choice.order in reads.ORDERS and choice.flags in reads.FLAGS
    known &= choice.service in known_services or not known_services
    known &= choice.kind in known_kinds or not known_kinds
    if not known:
        raise Http404
    found = read_standard(release, choice.service, choice.kind, asked.get("standard"))
    return replace(choice, standard=found.share, typed=found.typed, fault=found.fault)


def read_chosen(release: Release, choice: Choice) -> worth_reads.Valued:
    """The ranking of a choice, with need, benefit and deliverability."""
    return worth_reads.read_valued(
        release, choice.service, choice.kind, choice.order, choice.standard, choice.flag_rate
    )


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard that was typed: a share where it is not the service's own, or why it cannot be used."""

    share: float | None = None
    typed: str = ""
    fault: str = ""


def read_standard(release: Release, service: str, kind: str, text: str | None) -> Standard:
    """The standard that was typed, in per cent."""
    typed = (text or "").strip().removesuffix("%").strip()
    if not typed:
        return Standard()
    if not _PERCENT.fullmatch(typed) or not 0 < float(typed) <= 100:
        words = "Enter the standard as a number above 0 and up to 100, such as 75."
        return Standard(typed=typed[:20], fault=words)
    fault = what_if.why_fixed(release, service, kind)
    if fault:
        return Standard(typed=typed, fault=fault)
    info = release.indicators.get(service)
    share = float(typed) / 100
    if info and info.target and abs(info.target.value / info.multiplier - share) < 1e-9:
        # The release's own standard needs no working out, and was ranked with what it does not show.
        return Standard()
    return Standard(share, typed)


def _read_number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 4:
        return STEP
    return min(max(int(text), STEP), _MOST)


class FreezeForm(forms.Form):
    """What a record is called, and the reasons of whoever decides by it."""

    title = forms.CharField(
        max_length=200, error_messages={"required": "Say what was decided, in a few words."}
    )
    reasons = forms.CharField(
        max_length=LONGEST_REASONS,
        error_messages={"required": "Give the reasons: without them the record says nothing."},
    )
