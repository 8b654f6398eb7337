"""Figures that others published: sent, checked, put in place. For data stewards."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evenground_web.accounts.forms import list_faults
from evenground_web.accounts.guards import require_account, require_role
from evenground_web.accounts.roles import MAY_UPLOAD
from evenground_web.common.downloads import table_response
from evenground_web.common.turns import take_turns
from evenground_web.uploads import reads, writes
from evenground_web.uploads.checking import CheckFailedError
from evenground_web.uploads.folders import make_folders
from evenground_web.uploads.forms import DecisionForm, UploadForm
from evenground_web.uploads.receiving import LimitedUpload

MOST_BYTES: Final = 50 * 1024 * 1024
"""Of a file. The largest of Fingertips, an indicator of every practice and year, has about a fifth of it."""

_MORE: Final = 64 * 1024
"""What a form may hold beside its file."""

_TOO_LARGE: Final = (
    f"The file is larger than {MOST_BYTES // 1024**2} MB, so it was not read. Send fewer indicators or areas "
    "in one file, or give it to whoever runs the build: there is no such limit on the machine itself."
)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@require_role(*MAY_UPLOAD)
def show_uploads(request: HttpRequest) -> HttpResponse:
    """What is in place, what waits, and the form for another file.

    Before anything is read of a file its length is looked at, and where it goes is set: what checks the
    form's token would read the file as well.
    """
    if request.method == "POST":
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + _MORE:
            return _show(request, None, [{"text": _TOO_LARGE, "href": "#file"}], status=413)
        try:
            arriving = LimitedUpload(make_folders(), MOST_BYTES)
        except PermissionError:
            told = "The account of the site may not write to the workspace, so nothing can be sent here."
            return _show(request, None, [{"text": told, "href": "#file"}], status=503)
        request.upload_handlers = [arriving]
        return _receive(request, arriving)
    return _show(request, None, [])


@csrf_protect
@take_turns
def _receive(request: HttpRequest, arriving: LimitedUpload) -> HttpResponse:
    form = UploadForm([one.name for one in reads.list_sources()[0]], request.POST, request.FILES)
    if arriving.is_too_large:
        return _show(request, None, [{"text": _TOO_LARGE, "href": "#file"}], status=413)
    if not form.is_valid():
        return _show(request, form, list_faults(form))
    source, file = reads.require_source(form.cleaned_data["source"]), form.cleaned_data["file"]
    try:
        waiting = writes.receive_file(
            content=file.file,
            name=file.plain_name,
            sha256=arriving.digest.hexdigest(),
            size=file.size,
            source=source,
            account=require_account(request),
        )
    except CheckFailedError as error:
        return _show(request, form, [{"text": str(error), "href": "#file"}])
    return redirect("uploads:upload", waiting.id)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(*MAY_UPLOAD)
def decide(request: HttpRequest, upload_id: str) -> HttpResponse:
    """One file: what a build would make of it row by row, and the decision."""
    waiting = reads.require_waiting(upload_id)
    source = reads.require_source(waiting.source)
    form = DecisionForm(request.POST or None)
    faults = []
    if request.method == "POST" and form.is_valid():
        problem = _put_into_effect(request, waiting, source, form)
        if not problem:
            return redirect("uploads:uploads")
        faults = [{"text": problem, "href": "#decision"}]
    context = {
        "waiting": waiting,
        "source": source,
        "there": source.find(waiting.name),
        "report": reads.read_rows(waiting),
        "form": form,
        "faults": faults or list_faults(form),
        "MOST_ROWS": reads.MOST_ROWS,
    }
    return render(request, "uploads/upload.jinja", context)


@require_safe
@require_role(*MAY_UPLOAD)
def download_rows(request: HttpRequest, upload_id: str) -> HttpResponse:
    """What became of every row, as CSV or a workbook."""
    waiting = reads.require_waiting(upload_id)
    answer = table_response(request, f"rows-{waiting.id}", reads.ROW_COLUMNS, reads.iterate_rows(waiting.id))
    # An attachment is logged as figures taken out of the current release, which this is not.
    answer["Content-Disposition"] = answer["Content-Disposition"].replace("attachment", "inline", 1)
    return answer


@require_POST
@require_role(*MAY_UPLOAD)
def take_out(request: HttpRequest) -> HttpResponse:
    """Set a file aside."""
    source, name = reads.require_source(request.POST.get("source", "")), request.POST.get("file", "")
    try:
        writes.take_out(source=source, name=name, account=require_account(request))
    except writes.NotPlacedError as error:
        return _show(request, None, [{"text": str(error), "href": "#in-place"}])
    messages.success(request, f"{name} is taken out. It can be put back below.")
    return redirect("uploads:uploads")


@require_POST
@require_role(*MAY_UPLOAD)
def put_back(request: HttpRequest, aside_id: str) -> HttpResponse:
    """Put what was set aside back."""
    aside = reads.require_aside(aside_id)
    source = reads.require_source(aside.source)
    try:
        writes.put_back(aside=aside, source=source, account=require_account(request))
    except writes.NotPlacedError as error:
        return _show(request, None, [{"text": str(error), "href": "#aside"}])
    messages.success(request, f"{aside.file.name} is back. The next build reads it.")
    return redirect("uploads:uploads")


def _put_into_effect(
    request: HttpRequest, waiting: reads.Waiting, source: reads.Source, form: DecisionForm
) -> str:
    """Why it could not be; empty where it was."""
    account = require_account(request)
    if form.cleaned_data["decision"] == "discard":
        writes.discard_file(waiting=waiting, account=account)
        messages.success(request, f"{waiting.name} is discarded.")
        return ""
    try:
        writes.place_file(
            waiting=waiting, source=source, replace=form.cleaned_data["replace"], account=account
        )
    except writes.NotPlacedError as error:
        return str(error)
    messages.success(request, f"{waiting.name} is in place. The next build reads it.")
    return ""


def _show(
    request: HttpRequest, form: UploadForm | None, faults: list[dict[str, str]], status: int = 200
) -> HttpResponse:
    sources, problem = reads.list_sources()
    if not sources and not problem and request.method == "POST":
        raise Http404
    context = {
        "sources": sources,
        "problem": problem,
        "waiting": reads.list_waiting(),
        "aside": reads.list_aside(),
        "form": form,
        "faults": faults,
        "MEGABYTES": MOST_BYTES // 1024**2,
    }
    return render(request, "uploads/uploads.jinja", context, status=status)
