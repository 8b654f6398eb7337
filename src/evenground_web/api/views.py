"""The read-only interface: what may be asked, how it is answered, and what is not sent twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag
from ninja import NinjaAPI, Query, Schema

from evenground import __version__
from evenground.errors import InputError, ReleaseError, suggest
from evenground.releases import Manifest, Release
from evenground_web.api import schemas
from evenground_web.api.reads import read_part
from evenground_web.common.reads import current

api = NinjaAPI(
    title="Evenground",
    version=__version__,
    urls_namespace="api",
    docs_url=None,
    description=(
        "The figures of the current release, read-only, every count protected as its policy says. "
        "Every answer names its release; an ETag lets a program ask whether anything has changed."
    ),
)


class QuestionError(Exception):
    """A question that cannot be answered as it stands."""


@api.exception_handler(QuestionError)
def _explain_question(request: HttpRequest, error: QuestionError) -> HttpResponse:
    return api.create_response(request, {"detail": str(error)}, status=422)


@api.exception_handler(InputError)
def _explain_input(request: HttpRequest, error: InputError) -> HttpResponse:
    return api.create_response(request, {"detail": str(error)}, status=422)


@api.exception_handler(ReleaseError)
def _explain_release(request: HttpRequest, error: ReleaseError) -> HttpResponse:
    told = "There is no release to read. Ask whoever looks after this site."
    return api.create_response(request, {"detail": told}, status=503)


_PROBLEMS: dict[int, Any] = {422: schemas.Problem, 503: schemas.Problem}


@api.get("/release", response={200: Manifest, **_PROBLEMS}, summary="What the release is and what made it")
def show_release(request: HttpRequest) -> HttpResponse:
    """The manifest of the current release."""
    release = current()
    return _answer(request, release, lambda: release.manifest.model_dump_json())


@api.get(
    "/indicators", response={200: schemas.IndicatorList, **_PROBLEMS}, summary="Every indicator, in words"
)
def list_indicators(request: HttpRequest) -> HttpResponse:
    """The definitions of every indicator of the release, in words."""
    release = current()
    items = [info.model_dump(mode="json") for info in release.indicators.values()]
    return _answer(request, release, lambda: json.dumps({"release_id": release.id, "items": items}))


@api.get("/profiles", response={200: schemas.ProfileList, **_PROBLEMS}, summary="Every profile")
def list_profiles(request: HttpRequest) -> HttpResponse:
    """Which indicators are read together."""
    release = current()
    items = [profile.model_dump(mode="json") for profile in release.profiles.values()]
    return _answer(request, release, lambda: json.dumps({"release_id": release.id, "items": items}))


@api.get("/values", response={200: schemas.ValuePage, **_PROBLEMS}, summary="Figures")
def list_values(
    request: HttpRequest,
    filters: Query[schemas.ValueFilters],
    latest: Query[schemas.LatestFilter],
    paging: Query[schemas.Paging],
) -> HttpResponse:
    """Figures of indicators by area, group of people and period."""
    return _answer_part(request, "values", schemas.Value, filters, paging, latest=latest)


@api.get("/inequality", response={200: schemas.InequalityPage, **_PROBLEMS}, summary="Slope indices and gaps")
def list_inequality(
    request: HttpRequest, filters: Query[schemas.InequalityFilters], paging: Query[schemas.Paging]
) -> HttpResponse:
    """Slope index, relative index and gap between the ends, by indicator and period."""
    return _answer_part(request, "inequality", schemas.Inequality, filters, paging)


@api.get("/rankings", response={200: schemas.RankingPage, **_PROBLEMS}, summary="Communities in order")
def list_rankings(
    request: HttpRequest, filters: Query[schemas.RankingFilters], paging: Query[schemas.Paging]
) -> HttpResponse:
    """Communities by how many of them are expected to miss out."""
    return _answer_part(request, "rankings", schemas.Ranking, filters, paging)


@api.get(
    "/clusters",
    response={200: schemas.ClusterPage, **_PROBLEMS},
    summary="Neighbours that share a gap",
)
def list_clusters(
    request: HttpRequest, filters: Query[schemas.ClusterFilters], paging: Query[schemas.Paging]
) -> HttpResponse:
    """Neighbouring areas of the rankings that share a gap; none where the release has no boundaries."""
    return _answer_part(request, "clusters", schemas.Cluster, filters, paging)


@api.get("/areas", response={200: schemas.AreaPage, **_PROBLEMS}, summary="Areas")
def list_areas(
    request: HttpRequest, filters: Query[schemas.AreaFilters], paging: Query[schemas.Paging]
) -> HttpResponse:
    """Areas, what they are part of, deprivation and rounded population."""
    return _answer_part(request, "areas", schemas.Area, filters, paging)


def _answer_part(
    request: HttpRequest,
    table: str,
    row: type[Schema],
    filters: Schema,
    paging: schemas.Paging,
    *,
    latest: schemas.LatestFilter | None = None,
) -> HttpResponse:
    release = current()
    asked = filters.model_dump()
    others = ("latest",) if latest else ()
    _require_known(request, (*asked, *type(paging).model_fields, *others))

    def make() -> str:
        part = read_part(
            release,
            table,
            list(row.model_fields),
            asked,
            limit=paging.limit,
            offset=paging.offset,
            latest=bool(latest and latest.latest),
        )
        facts = {
            "release_id": release.id,
            "total": part.total,
            "limit": paging.limit,
            "offset": paging.offset,
            "next": _next_address(request, paging, part.total),
        }
        # Polars writes a long table faster than a model for each row would.
        return f'{json.dumps(facts)[:-1]}, "items": {part.rows.write_json()}}}'

    return _answer(request, release, make)


def _require_known(request: HttpRequest, known: tuple[str, ...]) -> None:
    """A filter that is misspelt would be passed over, and answered with everything."""
    for name in request.GET:
        if name not in known:
            raise QuestionError(f'"{name}" is not a filter here. {suggest(name, known)}')


def _next_address(request: HttpRequest, paging: schemas.Paging, total: int) -> str | None:
    after = paging.offset + paging.limit
    if after >= total:
        return None
    asked = [(name, value) for name, values in request.GET.lists() for value in values if name != "offset"]
    return f"{request.path}?{urlencode([*asked, ('offset', str(after))])}"


def _answer(request: HttpRequest, release: Release, make: Callable[[], str]) -> HttpResponse:
    """The answer, or that nothing has changed since the program last asked.

    A release never changes, so its id and the question decide the answer.
    """
    question = f"{__version__} {release.id} {request.get_full_path()}"
    etag = quote_etag(hashlib.sha256(question.encode()).hexdigest()[:32])
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    if etag in known or "*" in known:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(make(), content_type="application/json")
    response.headers["ETag"] = etag
    patch_cache_control(response, public=True, no_cache=True)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
