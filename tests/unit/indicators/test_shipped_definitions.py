"""What ships: every definition loads, is whole, and its codes can be SNOMED CT codes."""

from __future__ import annotations

import pytest

from evenground.codelists import CodeList
from evenground.indicators import Definitions, in_words, load_definitions
from evenground.indicators.expressions import features_of
from evenground.releases import IndicatorInfo, Profile
from evenground.vocabulary import Polarity, ValueType


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    return load_definitions()


# Verhoeff, J. (1969) Error Detecting Decimal Codes: the dihedral group of order 10, as SNOMED CT uses it.
PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def times(left: int, right: int) -> int:
    """The product in the dihedral group of the pentagon, with reflections as 5 to 9."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5


def has_valid_check_digit(code: str) -> bool:
    """Whether the last digit fits the others."""
    check = 0
    for place, character in enumerate(reversed(code)):
        digit = int(character)
        for _ in range(place % 8):
            digit = PERMUTED[digit]
        check = times(check, digit)
    return check == 0


def test_check_digit_finds_a_wrong_and_a_swapped_digit() -> None:
    assert has_valid_check_digit("38341003")
    assert not has_valid_check_digit("38341004")
    assert not has_valid_check_digit("83341003")


def test_every_snomed_code_has_a_valid_check_digit(shipped: Definitions) -> None:
    codes = [
        (codelist.id, code.code)
        for codelist in shipped.codelists.values()
        for code in codelist.codes
        if code.code_system == "snomed_ct"
    ]
    assert len(codes) > 40
    assert [pair for pair in codes if not pair[1].isdigit() or not has_valid_check_digit(pair[1])] == []


def test_local_codes_say_that_a_place_maps_its_own(shipped: Definitions) -> None:
    def is_local(codelist: CodeList) -> bool:
        return any(code.code_system == "local" for code in codelist.codes)

    local = [codelist for codelist in shipped.codelists.values() if is_local(codelist)]
    assert {codelist.id for codelist in local} >= {"pregnancy", "cancer_diagnosis"}
    assert all("map the codes" in codelist.source for codelist in local)


def test_all_five_core20plus5_areas_and_smoking_are_covered(shipped: Definitions) -> None:
    covered = {area for one in shipped.indicators.values() for area in one.core20plus5}
    assert covered == {
        "maternity",
        "severe_mental_illness",
        "chronic_respiratory",
        "early_cancer",
        "hypertension",
        "smoking",
    }


def test_indicators_are_in_reading_order(shipped: Definitions) -> None:
    ids = list(shipped.indicators)
    assert len(ids) == 15
    assert ids[0] == "maternity_continuity_of_carer"
    assert ids.index("bowel_screening") < ids.index("flu_vaccination_65")


def test_every_feature_is_used_by_an_indicator(shipped: Definitions) -> None:
    used: set[str] = set()
    for one in shipped.indicators.values():
        used |= features_of(one.denominator.node) | features_of(one.numerator.node)
    assert used == shipped.features.keys()


def test_prevalence_is_neither_good_nor_bad_and_no_service(shipped: Definitions) -> None:
    prevalence = shipped.indicators["hypertension_prevalence"]
    assert (prevalence.polarity, prevalence.is_service) == (Polarity.NONE, False)


def test_services_are_what_people_can_be_offered(shipped: Definitions) -> None:
    services = {one.id for one in shipped.indicators.values() if one.is_service}
    assert services.isdisjoint({"smoking_prevalence", "cancer_early_stage", "copd_emergency_admissions"})
    assert "bowel_screening" in services
    better = Polarity.HIGHER_IS_BETTER
    assert all(shipped.indicators[name].polarity is better for name in services)


def test_admissions_pool_three_years(shipped: Definitions) -> None:
    admissions = shipped.indicators["copd_emergency_admissions"]
    assert (admissions.value_type, admissions.years, admissions.multiplier) == (ValueType.DSR, 3, 100_000)


def test_every_target_names_who_set_it(shipped: Definitions) -> None:
    targets = [one.target for one in shipped.indicators.values() if one.target]
    assert len(targets) >= 10
    assert all(len(target.source) > 10 for target in targets)


def test_a_release_can_tell_every_indicator_and_profile(shipped: Definitions) -> None:
    infos = [IndicatorInfo.model_validate(shipped.describe_indicator(name)) for name in shipped.indicators]
    profiles = [Profile.model_validate(shipped.describe_profile(name)) for name in shipped.profiles]
    assert [info.id for info in infos] == list(shipped.indicators)
    assert [profile.id for profile in profiles][:2] == ["core20plus5_adults", "prevention"]
    assert infos[0].target is not None
    assert "(2019)" in infos[0].target.source


def test_every_expression_can_be_told_in_words(shipped: Definitions) -> None:
    said = {name: in_words(one.numerator.node, shipped.features) for name, one in shipped.indicators.items()}
    assert said["flu_vaccination_65"] == "with a record of flu vaccination since the last 1 September"
    assert said["cvd_cholesterol_control"] == (
        "whose latest total cholesterol in the last 12 months is at most 5 mmol/L"
    )
    assert said["smoking_prevalence"] == "whose latest smoking status is current smoker"
