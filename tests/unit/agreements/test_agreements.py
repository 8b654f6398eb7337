"""Agreements: read, checked, weighed on a day."""

from __future__ import annotations

import datetime as dt

import pytest

from evenground.agreements import Standing, find_dark, load_agreements, weigh_agreements
from evenground.errors import AgreementError
from evenground.indicators import SHIPPED, load_definitions
from evenground.vocabulary import Purpose
from tests.support.agreements import write_agreement

TODAY = dt.date(2026, 5, 1)
GP = "GP records"
DEFINITIONS = load_definitions(SHIPPED)
FEATURES = DEFINITIONS.features.keys()


def load(root, sources=(GP,)):
    return load_agreements(root / "agreements", sources=sources, features=FEATURES)


def weigh(
    root, today=TODAY, *, sources=(GP,), people=(GP,), required=True, purpose="population_health_management"
):
    return weigh_agreements(
        load(root, sources),
        sources=sources,
        bringing_people=people,
        definitions=DEFINITIONS,
        purpose=Purpose(purpose),
        today=today,
        required=required,
    )


def faults_of(root, sources=(GP,)):
    with pytest.raises(AgreementError) as caught:
        load(root, sources)
    return [str(fault) for fault in caught.value.faults]


def test_place_without_a_folder_has_no_agreements(tmp_path):
    assert load(tmp_path) == ()


def test_an_agreement_covers_every_indicator_of_its_purposes(tmp_path):
    write_agreement(tmp_path)
    found = weigh(tmp_path)
    assert (found.faults, found.uncovered, found.warnings) == ([], {}, [])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "gp_records"', 'id = "gp_rekords"', 'is not the name of the file. Set it to "gp_records"'),
        ("end = 2027-03-31", "end = 2025-03-31", "end: 2025-03-31 is before the start, 2026-01-01"),
        ("review = 2026-10-01", "review = 2027-10-01", "review: 2027-10-01 is after the end"),
        (
            'source = "GP records"',
            'source = "GP record"',
            'datasets.0.source: "GP record" is not known here. Did',
        ),
        ('fields = "all"', 'fields = ["birth_dat"]', 'Did you mean "birth_date"'),
        ('features = "all"', 'features = ["hypertention"]', 'Did you mean "hypertension"'),
        ('giver = "GP practices"', 'giver = "GP practises"', 'Did you mean "GP practices"'),
        ('"6(1)(e)"', '"6(1)(x)"', 'legal_basis.article_6: "6(1)(x)" is not known here'),
        ('confidentiality = "section_251"', 'confidentiality = "section_215"', 'Did you mean "section_251"'),
        (
            'confidentiality = "section_251"',
            'confidentiality = "implied_consent"',
            "does not reach beyond direct care",
        ),
        (
            'national = "removed_by_provider"',
            'national = "not_applicable"',
            'opt_outs.national: "not_applicable" does not go with',
        ),
        (
            'type_1 = "removed_by_provider"',
            'type_1 = "not_applicable"',
            'opt_outs.type_1: "not_applicable" does not go with',
        ),
        ('role = "controller"', 'role = "processor"', "parties: none is a controller"),
        ('by = "Caldicott Guardian"', 'by = "Dr Invented"', "looks like a person's name"),
        (
            'checker = "Data protection officer"',
            'checker = "information governance officer"',
            "checker: is the author",
        ),
        ("purposes =", "purpozes =", 'Did you mean "purposes"'),
        ("months = 24", "months = 0", "retention.months: Input should be greater than or equal to 1"),
    ],
)
def test_a_fault_names_file_key_and_what_to_do(tmp_path, old, new, told):
    path = write_agreement(tmp_path, (old, new)) if not old.startswith("id") else write_agreement(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    found = faults_of(tmp_path)
    assert any(told in fault for fault in found), found
    assert all(fault.startswith("agreements/gp_records.toml") for fault in found)


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    write_agreement(tmp_path, ("end = 2027-03-31", "end = 2025-03-31"), ('title = "GP', 'titel = "GP'))
    write_agreement(tmp_path, ('source = "GP records"', 'source = "Nobody"'), name="another")
    told = "\n".join(faults_of(tmp_path))
    for part in ("is before the start", "titel", "title: is missing", "agreements/another.toml"):
        assert part in told


def test_an_unreadable_file_says_so_and_hides_nothing_else(tmp_path):
    write_agreement(tmp_path).write_text("id = \n")
    write_agreement(tmp_path, ('source = "GP records"', 'source = "Nobody"'), name="another")
    assert len(faults_of(tmp_path)) == 2


@pytest.mark.parametrize(
    ("change", "today", "standing", "told"),
    [
        (
            ("signed = 2025-12-10", "signed = 2026-06-01"),
            TODAY,
            Standing.UNSIGNED,
            "is not signed by GP practices",
        ),
        (("title =", "title ="), dt.date(2025, 12, 31), Standing.NOT_BEGUN, "begins on 2026-01-01"),
        (("title =", "title ="), dt.date(2027, 4, 1), Standing.ENDED, "ended on 2027-03-31"),
        (("title =", "title ="), dt.date(2027, 3, 31), Standing.CURRENT, ""),
    ],
)
def test_standing_on_a_day_decides_whether_a_source_may_be_read(tmp_path, change, today, standing, told):
    write_agreement(tmp_path, change)
    (agreement,) = load(tmp_path)
    assert agreement.standing(today) is standing
    found = weigh(tmp_path, today)
    assert bool(found.faults) == bool(told)
    assert all('source "GP records"' in str(fault) and told in str(fault) for fault in found.faults)


def test_an_agreement_that_ends_tomorrow_warns_today_and_refuses_the_day_after(tmp_path):
    write_agreement(
        tmp_path, ("end = 2027-03-31", "end = 2026-05-02"), ("review = 2026-10-01", "review = 2026-05-01")
    )
    assert ["ends tomorrow" in warning for warning in weigh(tmp_path).warnings] == [True]
    assert weigh(tmp_path, TODAY + dt.timedelta(1)).faults == []
    assert weigh(tmp_path, TODAY + dt.timedelta(2)).faults


def test_a_review_that_is_overdue_warns(tmp_path):
    write_agreement(tmp_path)
    (warning,) = weigh(tmp_path, dt.date(2026, 11, 1)).warnings
    assert "should have been reviewed by 2026-10-01" in warning


def test_a_source_in_no_agreement_is_refused_where_agreements_are_required(tmp_path):
    assert "is in no data-sharing agreement" in str(weigh(tmp_path).faults[0])
    assert weigh(tmp_path, required=False).faults == []


def test_an_indicator_with_a_purpose_that_is_not_agreed_is_uncovered(tmp_path):
    write_agreement(tmp_path)
    found = weigh(tmp_path, purpose="research")
    assert found.uncovered.keys() == DEFINITIONS.indicators.keys()
    assert set(found.uncovered.values()) == {'"GP records" may not be used for research'}


def test_an_indicator_that_needs_a_field_or_feature_that_is_not_agreed_is_uncovered(tmp_path):
    fields = 'fields = ["birth_date", "lsoa_code", "practice_code", "code", "event_date", "value"]'
    write_agreement(tmp_path, ('fields = "all"', fields), ('features = "all"', 'features = ["hypertension"]'))
    found = weigh(tmp_path)
    assert "hypertension_prevalence" not in found.uncovered
    assert found.uncovered["breast_screening"] == '"GP records" may not be used for sex'
    assert found.uncovered["bowel_screening"] == "bowel_screening is covered by no agreement"
    permit = found.permits[GP]
    assert permit.fields is not None
    assert "sex" not in permit.fields
    assert permit.codes == {
        (code.code_system, code.code) for code in DEFINITIONS.codelists["hypertension"].codes
    }


def test_a_measured_value_that_is_not_agreed_leaves_its_indicators_uncovered(tmp_path):
    fields = 'fields = ["birth_date", "sex", "code", "event_date"]'
    write_agreement(tmp_path, ('fields = "all"', fields))
    found = weigh(tmp_path)
    why = found.uncovered["hypertension_blood_pressure_control"]
    assert why == "the value of diastolic_blood_pressure is covered by no agreement"
    assert "hypertension_prevalence" not in found.uncovered


def test_a_source_of_which_nothing_can_be_counted_is_refused(tmp_path):
    write_agreement(tmp_path, ('fields = "all"', 'fields = ["sex"]'))
    assert "do not cover birth_date, code, event_date" in str(weigh(tmp_path).faults[0])


def test_a_feature_of_a_second_source_for_another_purpose_only_is_uncovered(tmp_path):
    write_agreement(tmp_path)
    write_agreement(
        tmp_path,
        ('source = "GP records"', 'source = "Housing"'),
        ('features = "all"', 'features = ["homelessness"]'),
        ('purposes = ["population_health_management", "service_planning"]', 'purposes = ["research"]'),
        name="housing",
    )
    found = weigh(tmp_path, sources=(GP, "Housing"))
    touched = {name for name, why in found.uncovered.items() if 'of "Housing" may not be used' in why}
    assert touched == found.uncovered.keys()
    assert "bowel_screening" not in touched


def test_indicators_that_go_dark_are_those_that_nothing_else_covers(tmp_path):
    write_agreement(tmp_path, ('features = "all"', 'features = ["hypertension"]'))
    write_agreement(
        tmp_path,
        ('source = "GP records"', 'source = "Screening"'),
        ('features = "all"', 'features = ["bowel_screening", "hypertension"]'),
        name="screening",
    )
    agreements = load(tmp_path, (GP, "Screening"))
    screening = next(one for one in agreements if one.id == "screening")
    records = next(one for one in agreements if one.id == "gp_records")
    dark = find_dark(screening, agreements, bringing_people=(GP,), definitions=DEFINITIONS)
    assert "bowel_screening" in dark
    assert "hypertension_prevalence" not in dark
    everything = find_dark(records, agreements, bringing_people=(GP,), definitions=DEFINITIONS)
    assert set(everything) == DEFINITIONS.indicators.keys()


@pytest.mark.parametrize(
    ("purposes", "basis", "gp", "national", "type_1"),
    [
        ('["population_health_management"]', "section_251", "true", True, True),
        ('["population_health_management"]', "section_251", "false", True, False),
        ('["population_health_management"]', "regulation_3", "true", False, True),
        ('["population_health_management"]', "explicit_consent", "true", False, False),
        ('["direct_care"]', "implied_consent", "true", False, False),
        ('["population_health_management"]', "not_confidential", "true", False, False),
    ],
)
def test_purpose_and_legal_basis_decide_which_opt_outs_are_upheld(
    tmp_path, purposes, basis, gp, national, type_1
):
    write_agreement(
        tmp_path,
        ('["population_health_management", "service_planning"]', purposes),
        ('confidentiality = "section_251"', f'confidentiality = "{basis}"'),
        ("from_gp_records = true", f"from_gp_records = {gp}"),
    )
    (agreement,) = load(tmp_path)
    assert (agreement.must_uphold("national"), agreement.must_uphold("type_1")) == (national, type_1)


def test_an_extract_is_kept_for_its_months_and_never_long_past_the_end(tmp_path):
    write_agreement(tmp_path)
    (agreement,) = load(tmp_path)
    assert agreement.keeps_until(dt.date(2024, 2, 29)) == dt.date(2026, 2, 28)
    assert agreement.keeps_until(dt.date(2026, 3, 1)) == dt.date(2027, 4, 30)
