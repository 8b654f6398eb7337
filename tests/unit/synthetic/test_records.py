"""What the extracts hold, read back by queries that share no code with the generator."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from evenground.codelists import Code, CodeList
from evenground.errors import DefinitionError, InputError
from evenground.sources.synthetic.events import window_days
from evenground.sources.synthetic.generate import GeneratedPlace, generate_place, load_shipped_codelists
from evenground.sources.synthetic.margins import Margins
from evenground.sources.synthetic.model import load_model
from evenground.sources.synthetic.outcomes import draw_outcomes
from evenground.sources.synthetic.people import draw_people

AS_AT = dt.date(2026, 3, 31)
SIZE = 9_000

# Cut-off dates of the definitions, written out by hand for 31 March 2026.
AFTER = {
    12: "2025-03-31",
    30: "2023-09-30",
    36: "2023-03-31",
    42: "2022-09-30",
    60: "2021-03-31",
    66: "2020-09-30",
}
RANGES = {
    "systolic_blood_pressure": (50, 300),
    "diastolic_blood_pressure": (20, 200),
    "body_mass_index": (8, 120),
    "hba1c": (10, 250),
    "cholesterol": (0.5, 30),
}


def codes(codelist: str, category: str | None = None) -> str:
    chosen = [c.code for c in load_shipped_codelists()[codelist].codes if category in (None, c.category)]
    return "(" + ", ".join(f"'{code}'" for code in chosen) + ")"


def ever(codelist: str) -> str:
    return f"exists (from clean e where e.patient_id = p.patient_id and e.code in {codes(codelist)})"


def since(codelist: str, months: int) -> str:
    return (
        f"exists (from clean e where e.patient_id = p.patient_id and e.code in {codes(codelist)}"
        f" and e.date > date '{AFTER[months]}')"
    )


def latest(codelist: str, months: int) -> str:
    low, high = RANGES[codelist]
    return (
        f"(select arg_max(e.value, e.date) from clean e where e.patient_id = p.patient_id"
        f" and e.code in {codes(codelist)} and e.date > date '{AFTER[months]}'"
        f" and e.value between {low} and {high})"
    )


def latest_category(codelist: str, months: int | None) -> str:
    cases = " ".join(
        f"when e.code = '{code.code}' then '{code.category}'"
        for code in load_shipped_codelists()[codelist].codes
    )
    window = f" and e.date > date '{AFTER[months]}'" if months else ""
    return (
        f"(select arg_max(case {cases} end, e.date) from clean e where e.patient_id = p.patient_id"
        f" and e.code in {codes(codelist)}{window})"
    )


FLU = (
    "exists (from clean e where e.patient_id = p.patient_id and e.date >= date '2025-09-01'"
    f" and e.code in {codes('flu_vaccination')})"
)
WOMAN = "p.sex = '2'"
STAGE = latest_category("cancer_diagnosis", 12)
SMOKING = latest_category("smoking_status", None)
CHECKED = " and ".join(
    since(part, 12)
    for part in (
        "systolic_blood_pressure",
        "diastolic_blood_pressure",
        "body_mass_index",
        "hba1c",
        "cholesterol",
        "alcohol_consumption",
        "smoking_status",
    )
)

INDICATORS: dict[str, tuple[str, str]] = {
    "bowel_screening": ("age between 60 and 74", since("bowel_screening", 30)),
    "breast_screening": (f"age between 53 and 70 and {WOMAN}", since("breast_screening", 36)),
    "cervical_screening": (
        f"age between 25 and 64 and {WOMAN}",
        f"case when age < 50 then {since('cervical_screening', 42)}"
        f" else {since('cervical_screening', 66)} end",
    ),
    "flu_vaccination_65": ("age >= 65", FLU),
    "copd_flu_vaccination": (ever("copd"), FLU),
    "nhs_health_check": (
        f"age between 40 and 74 and not {ever('cardiovascular_disease')} and not {ever('diabetes')}"
        f" and not {ever('hypertension')}",
        since("nhs_health_check", 60),
    ),
    "learning_disability_health_check": (
        f"age >= 14 and {ever('learning_disability')}",
        since("learning_disability_health_check", 12),
    ),
    "smi_annual_health_check": (ever("severe_mental_illness"), CHECKED),
    "hypertension_prevalence": ("true", ever("hypertension")),
    "hypertension_blood_pressure_control": (
        f"age >= 18 and {ever('hypertension')}",
        f"{latest('diastolic_blood_pressure', 12)} <= 90 and"
        f" {latest('systolic_blood_pressure', 12)} <= case when age >= 80 then 150 else 140 end",
    ),
    "cvd_cholesterol_control": (
        f"age >= 18 and {ever('cardiovascular_disease')}",
        f"{latest('cholesterol', 12)} <= 5",
    ),
    "smoking_prevalence": (f"age >= 18 and {ever('smoking_status')}", f"{SMOKING} = 'current_smoker'"),
    "maternity_continuity_of_carer": (since("pregnancy", 12), since("continuity_of_carer", 12)),
    "cancer_early_stage": (
        f"{STAGE} in ('stage_1', 'stage_2', 'stage_3', 'stage_4')",
        f"{STAGE} in ('stage_1', 'stage_2')",
    ),
}

ADMISSIONS = (
    "(select count(distinct e.date) from clean e where e.patient_id = p.patient_id"
    f" and e.code in {codes('copd_emergency_admission')} and e.date > date '{AFTER[36]}')"
)


def only(records: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The one row of a query."""
    (row,) = records.execute(query).fetchall()
    return tuple(row)


@pytest.fixture(scope="module")
def counted(records: duckdb.DuckDBPyConnection, wenbury: Margins) -> pl.DataFrame:
    """Eligible and reached by LSOA and recorded ethnic group, for every indicator."""
    records.execute(
        f"""create or replace temp table clean as
        select distinct patient_id, code, date, value from events where date <= date '{AS_AT}'"""
    )
    records.execute(
        f"""create or replace temp table residents as
        select *, date_diff('year', date_of_birth, date '{AS_AT}') -
            (strftime(date_of_birth, '%m%d') > '{AS_AT:%m%d}')::int as age
        from persons
        where date_of_death is null and deregistered_on is null and lsoa_code <> ''"""
    )
    columns = [
        f"({who}) as who_{name}, coalesce(({who}) and ({reached}), false) as reached_{name}"
        for name, (who, reached) in INDICATORS.items()
    ]
    columns.append(f"age >= 35 as who_copd, {ADMISSIONS} as admissions")
    query = f"select lsoa_code, ethnic_category, {', '.join(columns)} from residents p"
    people = pl.DataFrame(records.sql(query).to_arrow_table())
    msoas = wenbury.areas.select("lsoa_code", "msoa_code")
    return people.join(msoas, on="lsoa_code")


def by_area(counted: pl.DataFrame, keys: list[str], who: str, amount: str) -> dict[Any, tuple[int, int]]:
    grouped = counted.filter(pl.col(who)).group_by(keys).agg(pl.len(), pl.col(amount).cast(pl.Int64).sum())
    return {tuple(row[: len(keys)]): (row[-2], row[-1]) for row in grouped.iter_rows()}


def expected(truth: pl.DataFrame, indicator: str, community: str) -> dict[Any, tuple[int, int]]:
    rows = truth.filter(
        (pl.col("indicator_id") == indicator)
        & (pl.col("community_type") == community)
        & (pl.col("eligible_recorded") > 0)
    )
    keys = ["area_code"] if community == "lsoa" else ["area_code", "ethnic_group"]
    return {
        tuple(row[key] for key in keys): (row["eligible_recorded"], row["reached_recorded"])
        for row in rows.iter_rows(named=True)
    }


@pytest.mark.parametrize("indicator", INDICATORS)
def test_records_say_what_the_truth_says(
    indicator: str, counted: pl.DataFrame, truth_table: pl.DataFrame
) -> None:
    who, reached = f"who_{indicator}", f"reached_{indicator}"
    assert by_area(counted, ["lsoa_code"], who, reached) == expected(truth_table, indicator, "lsoa")
    known = counted.filter(~pl.col("ethnic_category").is_in(["", "Z", "99"]))
    assert by_area(known, ["msoa_code", "ethnic_category"], who, reached) == expected(
        truth_table, indicator, "msoa_ethnic_group"
    )


def test_admissions_say_what_the_truth_says(counted: pl.DataFrame, truth_table: pl.DataFrame) -> None:
    found = by_area(counted, ["lsoa_code"], "who_copd", "admissions")
    assert found == expected(truth_table, "copd_emergency_admissions", "lsoa")
    assert sum(admissions for _, admissions in found.values()) > 0


def test_every_indicator_of_the_truth_is_checked(truth_table: pl.DataFrame) -> None:
    assert set(truth_table["indicator_id"]) == {*INDICATORS, "copd_emergency_admissions"}


def test_the_residents_of_the_extract_are_the_size_asked_for(records: duckdb.DuckDBPyConnection) -> None:
    query = """select count(*) from persons
        where date_of_death is null and deregistered_on is null and lsoa_code <> ''"""
    assert only(records, query) == (SIZE,)


def test_person_faults_planted_are_the_ones_recorded(
    records: duckdb.DuckDBPyConnection, truth: dict[str, Any]
) -> None:
    conditions = {
        "persons_ethnic_blank": "ethnic_category = ''",
        "persons_ethnic_not_stated": "ethnic_category = 'Z'",
        "persons_ethnic_not_known": "ethnic_category = '99'",
        "persons_sex_indeterminate": "sex = '9'",
        "persons_no_fixed_abode": "lsoa_code = ''",
        "persons_died": "date_of_death is not null",
        "persons_left": "deregistered_on is not null and date_of_death is null",
    }
    for kind, condition in conditions.items():
        found = only(records, f"select count(*) from persons where {condition}")
        assert found == (truth["planted"][kind],), kind
        assert truth["planted"][kind] > 0 or kind == "persons_sex_indeterminate"


def test_event_faults_planted_are_the_ones_recorded(
    records: duckdb.DuckDBPyConnection, truth: dict[str, Any]
) -> None:
    planted = truth["planted"]
    future = only(records, f"select count(*) from events where date > date '{AS_AT}'")
    assert future == (planted["future_events"],)
    strangers = only(records, "select count(*) from events anti join persons using (patient_id)")
    assert strangers == (planted["unknown_person_events"],)
    wild = " or ".join(
        f"(code in {codes(name)} and value not between {low} and {high})"
        for name, (low, high) in RANGES.items()
    )
    assert only(records, f"select count(*) from events where {wild}") == (planted["values_out_of_range"],)
    assert all(
        planted[kind] > 0 for kind in ("future_events", "unknown_person_events", "values_out_of_range")
    )


def test_planted_copies_are_there(records: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    extra = only(
        records,
        """select sum(n - 1) from
        (select count(*) as n from events group by patient_id, code, date, value)""",
    )
    # A few copies arise by themselves: two equal entries of one day.
    assert truth["planted"]["duplicate_events"] <= extra[0] < 1.5 * truth["planted"]["duplicate_events"]


def test_rows_recorded_in_the_truth_are_the_rows_written(
    records: duckdb.DuckDBPyConnection, truth: dict[str, Any], small_place: GeneratedPlace
) -> None:
    assert only(records, "select count(*) from persons") == (truth["rows"]["persons"],)
    assert only(records, "select count(*) from events") == (truth["rows"]["events"],)
    assert (small_place.person_rows, small_place.event_rows) == tuple(truth["rows"].values())


def test_no_event_comes_before_birth_or_after_the_last_day(records: duckdb.DuckDBPyConnection) -> None:
    query = f"""select count(*) from events e join persons p using (patient_id)
        where e.date <= date '{AS_AT}'
          and (e.date < p.date_of_birth or e.date > coalesce(p.deregistered_on, date '{AS_AT}'))"""
    assert only(records, query) == (0,)


def test_the_extract_has_the_columns_of_a_provider(small_place: GeneratedPlace) -> None:
    assert pl.read_parquet_schema(small_place.persons) == {
        "patient_id": pl.String,
        "date_of_birth": pl.Date,
        "sex": pl.String,
        "ethnic_category": pl.String,
        "lsoa_code": pl.String,
        "practice_code": pl.String,
        "date_of_death": pl.Date,
        "deregistered_on": pl.Date,
    }
    for path in small_place.events.values():
        assert pl.read_parquet_schema(path) == {
            "patient_id": pl.String,
            "code": pl.String,
            "date": pl.Date,
            "value": pl.Float64,
        }


def test_each_code_system_has_its_own_file(small_place: GeneratedPlace) -> None:
    lists = load_shipped_codelists()
    for system, path in small_place.events.items():
        known = {c.code for one in lists.values() for c in one.codes if c.code_system == system}
        assert set(pl.read_parquet(path)["code"]) <= known


def test_the_truth_says_that_it_is_secure_and_synthetic(truth: dict[str, Any]) -> None:
    assert truth["classification"].startswith("SECURE. Invented people")


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    wenbury: Margins, small_place: GeneratedPlace, tmp_path: Path
) -> None:
    again = generate_place(wenbury, tmp_path / "again", size=SIZE, seed=7, as_at=AS_AT)
    other = generate_place(wenbury, tmp_path / "other", size=SIZE, seed=8, as_at=AS_AT)
    for path in sorted(small_place.folder.iterdir()):
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name
        assert path.read_bytes() != (other.folder / path.name).read_bytes(), path.name


def test_progress_goes_from_nothing_to_everything(wenbury: Margins, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    generate_place(
        wenbury, tmp_path, size=50, seed=1, as_at=AS_AT, progress=lambda what, done: told.append((what, done))
    )
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("as_at", "months", "days"),
    [
        (dt.date(2026, 3, 31), 12, 365),
        (dt.date(2026, 3, 31), 30, 913),
        (dt.date(2026, 3, 31), 1, 31),
        (dt.date(2024, 2, 29), 12, 366),
        (dt.date(2026, 1, 15), 66, 2010),
    ],
)
def test_a_window_is_as_long_as_the_calendar_says(as_at: dt.date, months: int, days: int) -> None:
    assert window_days(as_at, months) == days


def test_a_place_without_practices_leaves_them_blank(wenbury: Margins, tmp_path: Path) -> None:
    alone = replace(wenbury, practices=wenbury.practices.clear(), registrations=wenbury.registrations.clear())
    place = generate_place(alone, tmp_path, size=100, seed=1, as_at=AS_AT)
    assert set(pl.read_parquet(place.persons)["practice_code"]) == {""}


def test_a_place_of_one_person_can_be_made(wenbury: Margins, tmp_path: Path) -> None:
    assert generate_place(wenbury, tmp_path, size=1, seed=1, as_at=AS_AT).person_rows >= 1


def test_a_size_of_nothing_is_refused(wenbury: Margins, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="size of the synthetic Place is 0"):
        generate_place(wenbury, tmp_path, size=0, seed=1, as_at=AS_AT)


def test_a_missing_code_list_is_named(wenbury: Margins, tmp_path: Path) -> None:
    lists = load_shipped_codelists()
    del lists["hba1c"]
    with pytest.raises(DefinitionError, match="lack hba1c"):
        generate_place(wenbury, tmp_path, size=50, seed=1, as_at=AS_AT, codelists=lists)


def test_a_place_can_bring_its_own_code_lists(wenbury: Margins, tmp_path: Path) -> None:
    lists = load_shipped_codelists()
    own = CodeList("hba1c", "local", "1", (Code("local", "OWN-HBA1C", "HbA1c"),))
    place = generate_place(wenbury, tmp_path, size=500, seed=1, as_at=AS_AT, codelists=lists | {"hba1c": own})
    assert "OWN-HBA1C" in set(pl.read_parquet(place.events["local"])["code"])


def test_levels_are_those_of_an_ordinary_place(truth: dict[str, Any]) -> None:
    model = load_model()
    for name, outcome in (model.traits | model.services).items():
        level = truth["levels"][name]
        # Planted gaps move a level by a point at most; small groups are fitted on few people.
        assert level["mean_probability"] == pytest.approx(outcome.level, abs=0.02), name


def test_planted_gaps_are_really_there_and_nowhere_else(wenbury: Margins) -> None:
    model = load_model()
    ungapped = model.model_copy(update={"gaps": ()})
    drawn = []
    for one in (model, ungapped):
        rng = np.random.default_rng(3)
        people = draw_people(wenbury, wenbury.total, AS_AT, one.faults, rng)
        drawn.append(draw_outcomes(people, wenbury, one, rng))
    assert len(drawn[0].gaps) == 12
    for gap in drawn[0].gaps:
        assert gap.probability_without is not None
        assert gap.probability_with is not None
        assert gap.eligible >= 90
        shift = 100 * (gap.probability_with - gap.probability_without)
        assert shift == pytest.approx(gap.points, abs=0.1)
    bowel = [one.drawn["bowel_screening"] for one in drawn]
    moved = (np.abs(bowel[0].probability - bowel[1].probability) > 1e-9).sum()
    assert moved == sum(gap.eligible for gap in drawn[0].gaps if gap.indicator == "bowel_screening")


def test_the_same_gaps_are_planted_at_every_size(
    wenbury: Margins, small_place: GeneratedPlace, tmp_path: Path
) -> None:
    tiny = generate_place(wenbury, tmp_path, size=400, seed=1, as_at=AS_AT)
    places = [[(g.indicator, g.area_code, g.ethnic_group) for g in p.gaps] for p in (tiny, small_place)]
    assert places[0] == places[1]


def test_the_truth_table_opens_as_plain_csv(small_place: GeneratedPlace) -> None:
    with small_place.truth.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["indicator_id"] == "bowel_screening"
