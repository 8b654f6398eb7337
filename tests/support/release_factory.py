"""A small, complete and plausible release, for tests of what reads releases.

The place is twelve square LSOAs in three MSOAs. Its cells hold every kind of value note, so a test can ask
for ``SUPPRESSED_LSOA``, ``ZERO_LSOA`` or ``MISSING_LSOA`` by name. Counts follow a formula, not chance.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground.disclosure import load_policy
from evenground.releases import (
    TABLES,
    AgreementFlow,
    AgreementInfo,
    CoverageRow,
    GroupInfo,
    IndicatorInfo,
    LinkageInfo,
    Profile,
    ProfileSection,
    Release,
    ReleaseContent,
    SourceRecord,
    Target,
    set_current,
    write_release,
)
from evenground.vocabulary import ETHNIC_GROUP_TO_5

PLACE: Final = "X00000001"
PLACE_NAME: Final = "Samplebury"
MSOAS: Final = {"X02000001": "Old Town", "X02000002": "Mill Bank", "X02000003": "Fairfield & Vale"}
LSOAS: Final = {
    f"X0100000{msoa}{letter}": (f"X0200000{msoa}", f"Samplebury 00{msoa}{letter}")
    for msoa in (1, 2, 3)
    for letter in "ABCD"
}
SUPPRESSED_LSOA: Final = "X01000003D"
ZERO_LSOA: Final = "X01000003C"
MISSING_LSOA: Final = "X01000003B"
"""Their ``smi_annual_health_check`` is suppressed, zero, and missing (nobody is eligible)."""

GROUPS: Final = {"A": 0.70, "C": 0.06, "J": 0.13, "N": 0.06, "Z": 0.03, "99": 0.01, "missing": 0.01}
SERVICES: Final = ("bowel_screening", "smi_annual_health_check")
GROUPS_OF_PEOPLE: Final = (
    GroupInfo(
        cut="plus_group",
        id="ethnic_minority_communities",
        name="Ethnic minority communities",
        words="People whose recorded ethnic group is not White British.",
    ),
)
PERIOD: Final = "2025-04-01 to 2026-03-31"
YEARS: Final = 6
"""The year of the release and those before it, in which fewer were reached and the gap was wider."""


@dataclass(frozen=True, slots=True)
class _Spec:
    """How the counts of one indicator come about: share eligible, level, and how it moves."""

    info: IndicatorInfo
    eligible: float
    level: float
    per_quintile: float


def _info(indicator_id: str, name: str, **changes: Any) -> IndicatorInfo:
    facts: dict[str, Any] = {
        "id": indicator_id,
        "name": name,
        "short_name": name,
        "topic": "Prevention",
        "description": f"{name}, as a sample.",
        "numerator": "People among the denominator with a record of it in the last 12 months.",
        "denominator": "People registered with a practice of the place.",
        "polarity": "higher_is_better",
        "value_type": "proportion",
        "unit": "%",
        "multiplier": 100.0,
        "is_service": True,
        "core20plus5": (),
        "target": None,
        "source": "A sample source, 2025",
        "author": "Public health analyst",
        "checker": "Public health consultant",
        "review_date": "2027-03-31",
    }
    return IndicatorInfo(**(facts | changes))


SPECS: Final = (
    _Spec(
        _info(
            "bowel_screening",
            "Bowel screening uptake, ages 60 to 74",
            short_name="Bowel screening",
            topic="Cancer",
            target=Target(value=60.0, source="A sample standard, 2025"),
        ),
        eligible=0.16,
        level=0.70,
        per_quintile=0.04,
    ),
    _Spec(
        _info(
            "smi_annual_health_check",
            "Physical health check for people with severe mental illness",
            short_name="SMI health check",
            topic="Mental health",
            core20plus5=("adults_smi",),
            target=Target(value=60.0, source="NHS England, Core20PLUS5 (adults)"),
        ),
        eligible=0.02,
        level=0.60,
        per_quintile=0.05,
    ),
    _Spec(
        _info(
            "hypertension_prevalence",
            "Recorded hypertension",
            short_name="Hypertension",
            topic="Cardiovascular",
            polarity="none",
            is_service=False,
        ),
        eligible=1.0,
        level=0.15,
        per_quintile=-0.01,
    ),
    _Spec(
        _info(
            "copd_emergency_admissions",
            "Emergency admissions for COPD",
            short_name="COPD admissions",
            topic="Respiratory",
            polarity="lower_is_better",
            value_type="dsr",
            unit="per 100,000",
            multiplier=100_000.0,
            is_service=False,
        ),
        eligible=1.0,
        level=0.006,
        per_quintile=-0.001,
    ),
)


AGREEMENTS: Final = (
    AgreementInfo(
        id="gp_records",
        title="GP records for population health management",
        controllers=("GP practices of Samplebury", "Samplebury Council"),
        processors=("Samplebury analytics service",),
        flows=(
            AgreementFlow(
                source="GP records",
                giver="GP practices of Samplebury",
                receiver="Samplebury analytics service",
                what="all records, with all fields",
            ),
        ),
        purposes=("population health management", "service planning"),
        legal_basis=("UK GDPR Article 6(1)(e): public task",),
        opt_outs=("Type 1 opt-out: removed by the provider before the data come here",),
        retention="24 months from arrival, and no longer than 30 days after the end",
        dpia="DPIA-01",
        signed=("GP practices of Samplebury: Caldicott Guardian, 2025-03-10",),
        start="2025-04-01",
        review="2095-04-01",
        end="2096-03-31",
        indicators=tuple(spec.info.id for spec in SPECS),
    ),
    AgreementInfo(
        id="screening",
        title="Screening results",
        controllers=("Screening hub",),
        processors=("Samplebury analytics service",),
        flows=(
            AgreementFlow(
                source="Screening",
                giver="Screening hub",
                receiver="Samplebury analytics service",
                what="records of bowel_screening, with the fields code, event_date",
            ),
        ),
        purposes=("population health management",),
        legal_basis=("UK GDPR Article 6(1)(e): public task",),
        opt_outs=("National Data Opt-out: removed before anything is counted",),
        retention="12 months from arrival, and no longer than 30 days after the end",
        dpia="DPIA-02",
        signed=(),
        start="2025-04-01",
        review="2025-10-01",
        end="2026-06-30",
        indicators=("bowel_screening",),
    ),
)


def write_sample_release(folder: Path, **changes: Any) -> Release:
    """Write the sample release under ``folder`` and make it current; ``changes`` replace its facts.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     write_sample_release(Path(name)).manifest.place_name
    'Samplebury'
    """
    release = write_release(folder, make_sample_content(**changes))
    set_current(folder, release.id)
    return release


def make_sample_content(**changes: Any) -> ReleaseContent:
    """What the sample release holds; ``changes`` replace its facts."""
    facts: dict[str, Any] = {
        "place_code": PLACE,
        "place_name": PLACE_NAME,
        "synthetic": True,
        "as_at": "2026-03-31",
        "population_base": "registered",
        "lsoa_edition": "2021",
        "imd_edition": "2025",
        "policy": load_policy("nhs-7-5").label,
        "policy_words": load_policy("nhs-7-5").words,
        "code_version": "0.0.0-sample",
        "definitions_sha256": "0" * 64,
        "sources": (SourceRecord(name="sample", kind="synthetic", sha256={"persons.parquet": "1" * 64}),),
        "tables": _tables(),
        "indicators": tuple(spec.info for spec in SPECS),
        "profiles": _profiles(),
        "coverage": _coverage(),
        "linkages": _linkages(),
        "groups": GROUPS_OF_PEOPLE,
        "agreements": AGREEMENTS,
    }
    return ReleaseContent(**(facts | changes))


@cache
def _tables() -> Mapping[str, pl.DataFrame]:
    rows = {
        "values": list(_values()),
        "inequality": list(_inequality()),
        "rankings": list(_rankings()),
        "clusters": list(_clusters()),
        "areas": list(_areas()),
        "boundaries": list(_boundaries()),
    }
    return {name: _frame(name, rows[name]) for name in TABLES}


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = pl.from_arrow(TABLES[name].empty_table()).schema  # type: ignore[union-attr]
    return pl.DataFrame(rows, schema=schema)


def _period(years_ago: int) -> str:
    return f"{2025 - years_ago}-04-01 to {2026 - years_ago}-03-31"


def _quintile(lsoa: str) -> int:
    return 1 + list(LSOAS).index(lsoa) * 5 // len(LSOAS)


@cache
def _cells(spec: _Spec, years_ago: int = 0) -> pl.DataFrame:
    """Unrounded counts by LSOA and ethnic group: made up here, and nowhere published as they are."""
    rows = []
    for place, lsoa in enumerate([*LSOAS, "unknown"]):
        population = 40 if lsoa == "unknown" else 1500 + 37 * place
        quintile = 3 if lsoa == "unknown" else _quintile(lsoa)
        for group, share in GROUPS.items():
            tilt = -0.12 * spec.level if group in {"J", "N", "missing"} else 0.0
            denominator = round(population * share * spec.eligible)
            slope = spec.per_quintile * (1 + 0.2 * years_ago)
            level = spec.level * (1 - 0.03 * years_ago) + slope * (quintile - 3) + tilt - 0.01 * (place % 4)
            numerator = min(denominator, max(0, round(denominator * level)))
            if spec.info.id == "smi_annual_health_check":
                numerator, denominator = _plant(lsoa, group, numerator, denominator)
            rows.append((lsoa, group, str(quintile), numerator, denominator))
    return pl.DataFrame(
        rows, schema=["lsoa", "group", "quintile", "numerator", "denominator"], orient="row"
    ).with_columns(
        pl.col("lsoa").replace({code: msoa for code, (msoa, _) in LSOAS.items()}).alias("msoa"),
        pl.col("group").replace(ETHNIC_GROUP_TO_5).alias("group_5"),
        pl.when(pl.col("lsoa") == "unknown")
        .then(pl.lit("unknown"))
        .otherwise(pl.col("quintile"))
        .alias("quintile"),
    )


def _plant(lsoa: str, group: str, numerator: int, denominator: int) -> tuple[int, int]:
    if lsoa == MISSING_LSOA:
        return 0, 0
    if lsoa == ZERO_LSOA:
        return 0, denominator
    if lsoa == SUPPRESSED_LSOA:
        return (3 if group == "A" else 0), denominator
    return numerator, denominator


def _values() -> Iterator[dict[str, Any]]:
    cuts = {
        "all": pl.lit("all"),
        "imd_quintile": pl.col("quintile"),
        "local_quintile": pl.col("quintile"),
        "ethnic_group": pl.col("group"),
        "ethnic_group_5": pl.col("group_5"),
        "plus_group": pl.when(pl.col("group").is_in(["C", "J", "N"])).then(
            pl.lit("ethnic_minority_communities")
        ),
        "ethnic_group_5*imd_quintile": pl.concat_str(["group_5", "quintile"], separator="*"),
    }
    areas = {"place": pl.lit(PLACE), "msoa": pl.col("msoa"), "lsoa": pl.col("lsoa")}
    for spec, years_ago in itertools.product(SPECS, range(YEARS)):
        cells = _cells(spec, years_ago)
        benchmark = float(cells["numerator"].sum()) / float(cells["denominator"].sum())
        for area_type, area in areas.items():
            for cut, category in cuts.items():
                if (area_type == "lsoa" and cut != "all") or (area_type != "place" and "*" in cut):
                    continue
                if years_ago and cut != "all" and (area_type, cut) != ("place", "local_quintile"):
                    continue
                sums = (
                    cells.filter(category.is_not_null())
                    .group_by(area.alias("area"), category.alias("category"))
                    .agg(pl.col("numerator", "denominator").sum())
                )
                for code, label, numerator, denominator in sums.sort("area", "category").iter_rows():
                    figure = _figure(spec.info, numerator, denominator)
                    compared = area_type != "place" or cut != "all"
                    yield {
                        "indicator_id": spec.info.id,
                        "area_type": area_type,
                        "area_code": code,
                        "cut": cut,
                        "category": label,
                        "period": _period(years_ago),
                        **figure,
                        "comparison": _compare(spec.info, figure, benchmark) if compared else "not_compared",
                        "basis": "counted",
                        "source": "",
                        "edition": "",
                        "limits": "worked_out" if figure["lower_cl"] is not None else "",
                    }


def _figure(info: IndicatorInfo, numerator: int, denominator: int) -> dict[str, Any]:
    """The figure as the policy ``nhs-7-5`` publishes it."""
    empty: dict[str, Any] = {
        "numerator": None,
        "denominator": None,
        "value": None,
        "lower_cl": None,
        "upper_cl": None,
        "confidence_level": None,
    }
    if denominator == 0:
        return {**empty, "numerator": 0, "denominator": 0, "value_note": "missing"}
    if 1 <= numerator <= 7 or 1 <= denominator <= 7:
        return {**empty, "value_note": "suppressed"}
    top, bottom = 5 * round(numerator / 5), 5 * round(denominator / 5)
    counts = {**empty, "numerator": top, "denominator": bottom}
    if info.value_type == "dsr" and top < 10:
        return {**counts, "value_note": "too_few_events"}
    lower, upper = _wilson(top, bottom)
    return {
        **counts,
        "value": info.multiplier * top / bottom,
        "lower_cl": info.multiplier * lower,
        "upper_cl": info.multiplier * upper,
        "confidence_level": 0.95,
        "value_note": "zero" if top == 0 else "published",
    }


def _wilson(numerator: int, denominator: int) -> tuple[float, float]:
    z, share = 1.959964, numerator / denominator
    centre = share + z * z / (2 * denominator)
    spread = z * math.sqrt(share * (1 - share) / denominator + z * z / (4 * denominator**2))
    scale = 1 + z * z / denominator
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def _compare(info: IndicatorInfo, figure: Mapping[str, Any], benchmark: float) -> str:
    if figure["lower_cl"] is None:
        return "not_compared"
    level = benchmark * info.multiplier
    if figure["lower_cl"] <= level <= figure["upper_cl"]:
        return "similar"
    higher = figure["lower_cl"] > level
    if info.polarity == "none":
        return "higher" if higher else "lower"
    return "better" if higher == (info.polarity == "higher_is_better") else "worse"


def _inequality() -> Iterator[dict[str, Any]]:
    fifths = {
        (row["indicator_id"], row["period"], row["category"]): row["value"]
        for row in _values()
        if row["area_type"] == "place" and row["cut"] == "local_quintile"
    }
    for spec, years_ago in itertools.product(SPECS, range(YEARS)):
        period = _period(years_ago)
        gap = _gap(spec.info, [fifths.get((spec.info.id, period, category)) for category in "12345"])
        for measure, scale in (("sii", 1.2), ("gap", 1.0)):
            yield {
                "indicator_id": spec.info.id,
                "area_type": "place",
                "area_code": PLACE,
                "cut": "local_quintile",
                "edition": "",
                "period": period,
                "measure": measure,
                "value": None if gap is None else scale * gap,
                "lower_cl": None if gap is None else scale * gap - 5,
                "upper_cl": None if gap is None else scale * gap + 5,
                "confidence_level": 0.95,
                "value_note": "missing" if gap is None else "published",
            }


def _gap(info: IndicatorInfo, values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    sign = 1 if info.polarity == "higher_is_better" else -1
    return sign * (known[-1] - known[0])


def _rankings() -> Iterator[dict[str, Any]]:
    lsoas = [("lsoa", code, None) for code in LSOAS]
    pairs = [("msoa", code, group) for group in ("J", "A", "N", "C") for code in MSOAS]
    for service in ("all", *SERVICES):
        for community_type, communities in (("lsoa", lsoas), ("msoa_ethnic_group", pairs)):
            for rank, (area_type, code, group) in enumerate(communities, start=1):
                yield _ranking(service, community_type, rank, area_type, code, group)


def _ranking(
    service: str, community_type: str, rank: int, area_type: str, code: str, group: str | None
) -> dict[str, Any]:
    missing = 5 * (40 - 3 * rank)
    suppressed = rank == 12
    return {
        "service_id": service,
        "community_type": community_type,
        "rank": rank,
        "area_type": area_type,
        "area_code": code,
        "ethnic_group": group,
        "standard": None if service == "all" else 0.60,
        "eligible": None if suppressed else 400 - 5 * rank,
        "reached": None if suppressed else 400 - 5 * rank - missing,
        "value_note": "suppressed" if suppressed else "published",
        "estimated_uptake": None if service == "all" else round(0.38 + 0.015 * rank, 3),
        "predicted_uptake": None if service == "all" else round(0.46 + 0.01 * rank, 3),
        "expected_missing": missing,
        "expected_missing_per_100": round(100 * missing / (400 - 5 * rank), 1),
        "lower_cl": max(0, missing - 25),
        "upper_cl": missing + 25,
        "confidence_level": 0.95,
        "probability_top_10": max(0.02, 1.04 - 0.08 * rank),
        "probability_below": None if service == "all" else round(1.0 - 0.04 * (rank - 1), 2),
        "top_service_id": SERVICES[rank % 2] if service == "all" else None,
    }


def _clusters() -> Iterator[dict[str, Any]]:
    """Two neighbours that share a gap, and one neighbourhood with another in one ethnic group."""
    found = (
        ("lsoa", "lsoa", None, list(LSOAS)[:3]),
        ("msoa_ethnic_group", "msoa", "J", list(MSOAS)[:2]),
    )
    for community_type, area_type, group, codes in found:
        yield {
            "service_id": "bowel_screening",
            "community_type": community_type,
            "cluster": 1,
            "area_type": area_type,
            "ethnic_group": group,
            "areas": len(codes),
            "area_codes": ";".join(codes),
            "eligible": 395 * len(codes),
            "expected_missing": 180 * len(codes),
            "relative_risk": 1.42,
            "p_value": 0.004,
        }


def _areas() -> Iterator[dict[str, Any]]:
    names = ("parent_area_code", "imd_rank", "imd_decile", "imd_quintile", "local_quintile")
    blank = dict.fromkeys((*names, "ward_code", "ltla_code", "icb_code"))
    named = [("place", PLACE, PLACE_NAME, None), ("ltla", "X07000001", PLACE_NAME, PLACE)]
    named += [("msoa", code, name, PLACE) for code, name in MSOAS.items()]
    for area_type, code, name, parent in named:
        yield {
            **blank,
            "area_type": area_type,
            "area_code": code,
            "area_name": name,
            "parent_area_code": parent,
            "population": 20_000 if area_type in {"place", "ltla"} else 6_700,
            "population_note": "published",
        }
    for place, (code, (msoa, name)) in enumerate(LSOAS.items()):
        yield {
            "area_type": "lsoa",
            "area_code": code,
            "area_name": name,
            "parent_area_code": msoa,
            "imd_rank": 300 + 2_700 * place,
            "imd_decile": 1 + (300 + 2_700 * place) * 10 // 33_755,
            "imd_quintile": _quintile(code),
            "local_quintile": _quintile(code),
            "ward_code": None,
            "ltla_code": "X07000001",
            "icb_code": None,
            "population": 1_500 + 35 * place,
            "population_note": "published",
        }


def _boundaries() -> Iterator[dict[str, Any]]:
    """Squares, their rings clockwise as Vega draws them; an MSOA is two by two of them."""
    for number, code in enumerate(LSOAS):
        block, corner = divmod(number, 4)
        yield _square("lsoa", code, 2 * block + corner % 2, corner // 2, 1)
    for block, code in enumerate(MSOAS):
        yield _square("msoa", code, 2 * block, 0, 2)
    yield _square("place", PLACE, 0, 0, 6, 2)


def _square(
    area_type: str, code: str, column: int, row: int, width: int, height: int | None = None
) -> dict[str, Any]:
    west, south = -1.40 + 0.02 * column, 53.40 + 0.012 * row
    east, north = west + 0.02 * width, south + 0.012 * (height or width)
    ring = [[west, south], [west, north], [east, north], [east, south], [west, south]]
    rounded = [[round(x, 5), round(y, 5)] for x, y in ring]
    geometry = {"type": "Polygon", "coordinates": [rounded]}
    return {"area_type": area_type, "area_code": code, "geojson": json.dumps(geometry)}


def _profiles() -> tuple[Profile, ...]:
    return (
        Profile(
            id="core20plus5_adults",
            name="Core20PLUS5 for adults",
            description="Five clinical areas where the NHS wants to narrow health inequalities for adults.",
            sections=(
                ProfileSection(
                    name="Severe mental illness",
                    words="People with severe mental illness should have a physical health check each year.",
                    indicators=("smi_annual_health_check",),
                ),
                ProfileSection(
                    name="Heart and lungs",
                    words="High blood pressure and chronic lung disease can be found and treated early.",
                    indicators=("hypertension_prevalence", "copd_emergency_admissions"),
                ),
            ),
        ),
        Profile(
            id="screening",
            name="Screening",
            description="Who takes up the offer of screening.",
            sections=(ProfileSection(name="Cancer screening", words="", indicators=("bowel_screening",)),),
        ),
    )


def _linkages() -> tuple[LinkageInfo, ...]:
    def row(group: str, category: str, persons: int | None, linked: int | None) -> LinkageInfo:
        note = "suppressed" if linked is None else ("zero" if linked == 0 else "published")
        names = {"linkage": "Tenants", "source": "Council housing", "register_name": "GP records"}
        counts = {"persons": persons, "linked": linked, "value_note": note}
        return LinkageInfo(**names, group=group, category=category, **counts)

    return (
        row("all", "all", 1_000, 840),
        row("ethnic_group", "A", 790, 690),
        row("ethnic_group", "K", 200, 140),
        row("ethnic_group", "N", 10, None),
        row("imd_quintile", "1", 1_000, 840),
        row("imd_quintile", "unknown", None, None),
    )


def _coverage() -> tuple[CoverageRow, ...]:
    def row(what: str, reason: str, count: int | None, table: str = "persons") -> CoverageRow:
        note = "suppressed" if count is None else ("zero" if count == 0 else "published")
        return CoverageRow(
            source="sample", table=table, what=what, reason=reason, count=count, value_note=note
        )

    return (
        row("read", "", 20_000),
        row("kept", "", 19_870),
        row("dropped", "died before the date of the data", 130),
        row("dropped", "date of birth in the future", None),
        row("read", "", 104_000, "events"),
        row("kept", "", 104_000, "events"),
        row("dropped", "event for an unknown person", 0, "events"),
        row("completeness", "ethnic group recorded", 18_860, "people"),
        row("completeness", "ethnic group not stated", 610, "people"),
        row("completeness", "ethnic group not known", 200, "people"),
        row("completeness", "ethnic group missing", 200, "people"),
        row("completeness", "area unknown", None, "people"),
        row("left out", "Bowel screening (not recorded)", 0, "indicators: Screening"),
    )
