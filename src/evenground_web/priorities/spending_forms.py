"""What a reader asks of a budget: plain GET, so that a question and its answer can be shared by address."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from django.http import Http404, HttpRequest

from evenground.releases import Release
from evenground.spending import Spending
from evenground.vocabulary import ALL_SERVICES
from evenground_web.priorities import reads, spending_reads
from evenground_web.priorities.forms import Standard, read_standard
from evenground_web.priorities.spending_reads import SpendingChoice

BUDGET: Final = 200_000.0
WEEKS: Final = 26.0
NO_OFFER: Final = (
    "Nobody has written down yet what can be bought here. Records of interventions, with their cost, effect "
    "and source, go into the folder definitions/interventions of this place."
)
_OF_ALL: Final = "Choose one service to spend money on: all services together count offers, not people."
_MONEY: Final = ("budget", "weeks", "weights", "floors")
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the standard as it was typed."""

    choice: SpendingChoice
    standard: Standard

    @property
    def query(self) -> dict[str, str]:
        """The question as an address keeps it."""
        choice = self.choice
        asked = {
            "service": choice.service,
            "kind": choice.kind,
            "standard": self.standard.typed if choice.standard is not None else "",
            "budget": f"{choice.budget:.2f}" if choice.budget % 1 else f"{choice.budget:.0f}",
            "weeks": f"{choice.weeks:g}",
            "weights": choice.weights,
            "floors": choice.floors,
            "fair": "yes" if choice.fair else "",
        }
        return {name: text for name, text in asked.items() if text}


def require_question(release: Release, request: HttpRequest) -> Question:
    """The question in the address, or 'page not found' where a choice in it is none of ours."""
    services, kinds = spending_reads.services(release), reads.kinds(release)
    service = request.GET.get("service") or next(iter(services), "")
    kind = request.GET.get("kind") or next(iter(kinds), "")
    weights = request.GET.get("weights") or "none"
    if service not in services or kind not in kinds or weights not in spending_reads.WEIGHTS:
        raise Http404
    standard = read_standard(release, service, kind, request.GET.get("standard"))
    choice = SpendingChoice(
        service=service,
        kind=kind,
        budget=_read_number(request.GET.get("budget"), BUDGET),
        weeks=_read_number(request.GET.get("weeks"), WEEKS),
        weights=weights,
        floors=(request.GET.get("floors") or "")[:_LONGEST],
        fair=request.GET.get("fair") == "yes",
        standard=standard.share,
    )
    return Question(choice, standard)


@dataclass(frozen=True, slots=True)
class Budget:
    """What the page of priorities asks and says of money.

    Attributes
    ----------
    has_offer, has_services
        Whether the place has written what can be bought, and whether there is a service to spend on.
    asked
        Whether a budget is in the address.
    money
        What of the question is about money, as an address keeps it.
    query
        All of the question.
    found, problem
        The plan, or why there is none.
    """

    has_offer: bool
    has_services: bool
    asked: bool = False
    money: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    found: Spending | None = None
    problem: str = ""
    weights: dict[str, str] = field(default_factory=lambda: dict(spending_reads.WEIGHTS))
    groups: dict[str, str] = field(default_factory=lambda: dict(spending_reads.MAIN_GROUPS))


def read_budget(release: Release, request: HttpRequest, service: str) -> Budget:
    """The answer to a budget in the address of the priorities, if there is one."""
    has_offer, has_services = spending_reads.has_offer(), bool(spending_reads.services(release))
    if not request.GET.get("budget"):
        return Budget(has_offer, has_services)
    told = partial(Budget, has_offer, has_services, asked=True)
    if not has_offer:
        return told(problem=NO_OFFER)
    if service == ALL_SERVICES:
        money = {name: request.GET[name] for name in _MONEY if request.GET.get(name)}
        return told(money=money, problem=_OF_ALL)
    question = require_question(release, request)
    query = question.query
    told = partial(told, money={name: query[name] for name in _MONEY if name in query}, query=query)
    if question.standard.fault:
        # The page says so beside the field.
        return told()
    answer = spending_reads.read_answer(release, replace(question.choice, fair=False))
    return told(found=answer.spending, problem=answer.problem)


def _read_number(text: str | None, default: float) -> float:
    """A number as people write it; what is none counts as 0, which the answer then refuses in words."""
    if not text:
        return default
    try:
        number = float(text.replace("£", "").replace(",", "").strip())
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
