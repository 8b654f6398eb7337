"""What waits for a decision, and the decision. For data stewards."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from evenground.errors import ApprovalError, ReleaseError
from evenground_web.accounts.forms import list_faults
from evenground_web.accounts.guards import require_account, require_role
from evenground_web.accounts.roles import MAY_DECIDE
from evenground_web.releasing import reads, writes
from evenground_web.releasing.forms import DecisionForm


@require_safe
@require_role(*MAY_DECIDE)
def show_candidates(request: HttpRequest) -> HttpResponse:
    """What waits, and what was decided before."""
    context = {"candidates": reads.waiting(), "decided": reads.decided()}
    return render(request, "releasing/candidates.jinja", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(*MAY_DECIDE)
def decide(request: HttpRequest, release_id: str) -> HttpResponse:
    """One candidate: what the audit found, what it would change, and the decision."""
    candidate = reads.require_candidate(release_id)
    form = DecisionForm(request.POST or None)
    faults = []
    if request.method == "POST" and form.is_valid():
        problem = _put_into_effect(request, release_id, form)
        if not problem:
            return redirect("releasing:candidates")
        faults = [{"text": problem, "href": "#decision"}]
    context = {
        "candidate": candidate,
        "comparison": reads.compare(candidate),
        "audit": reads.read_audit(candidate),
        "history": reads.say_history(candidate.history),
        "seen": len(candidate.history),
        "is_builder": require_account(request).username.casefold()
        in {builder.casefold() for builder in candidate.builders},
        "form": form,
        "faults": faults or list_faults(form),
    }
    return render(request, "releasing/candidate.jinja", context)


def _put_into_effect(request: HttpRequest, release_id: str, form: DecisionForm) -> str:
    """Why it could not be; empty where it was."""
    approves = form.cleaned_data["decision"] == "approve"
    write = writes.approve_candidate if approves else writes.return_candidate
    try:
        write(
            folder=reads.releases_folder(),
            release_id=release_id,
            account=require_account(request),
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )
    except (ApprovalError, ReleaseError) as error:
        return str(error)
    done = "approved, and the site shows it" if approves else "returned"
    messages.success(request, f"{release_id} is {done}.")
    return ""
