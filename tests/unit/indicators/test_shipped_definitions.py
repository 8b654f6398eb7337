"""What ships: every definition loads, is whole, and its codes can be SNOMED CT codes."""

from __future__ import annotations

import pytest

from evenground.codelists import CodeList
from evenground.indicators import Definitions, in_words, load_definitions
from evenground.indicators.expressions import SomeOf, features_of
from evenground.pipeline.rankings import is_ranked
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


def test_all_five_core20plus5_areas_of_adults_and_of_children_and_smoking_are_covered(
    shipped: Definitions,
) -> None:
    covered = {area for one in shipped.indicators.values() for area in one.core20plus5}
    assert covered == {
        "maternity",
        "severe_mental_illness",
        "chronic_respiratory",
        "early_cancer",
        "hypertension",
        "smoking",
        "children_asthma",
        "children_diabetes",
        "children_epilepsy",
        "children_oral_health",
        "children_mental_health",
    }


def test_indicators_are_in_reading_order(shipped: Definitions) -> None:
    ids = list(shipped.indicators)
    assert len(ids) >= 60
    assert ids[0] == "maternity_continuity_of_carer"
    assert ids.index("bowel_screening") < ids.index("flu_vaccination_65")


def test_every_feature_is_used(shipped: Definitions) -> None:
    nodes = [part.node for one in shipped.indicators.values() for part in (one.denominator, one.numerator)]
    nodes += [group.node for group in shipped.plus_groups.values() if group.node is not None]
    nodes += [segment.node for parts in shipped.segments.values() for segment in parts.segments]
    named = set().union(*(features_of(node) for node in nodes))
    waiting = list(named)
    while waiting:
        rule = shipped.features[waiting.pop()]
        inner = features_of(rule.node) - named if rule.is_rule else set()
        named |= inner
        waiting += inner
    # Cut-offs of a published index, for a place to use: the middle one is used here.
    assert shipped.features.keys() - named == {"frailty_index_mild_or_more", "frailty_index_severe"}


def test_every_code_list_is_read_by_a_feature(shipped: Definitions) -> None:
    assert {one.codelist for one in shipped.features.values()} - {""} == shipped.codelists.keys()


def test_every_indicator_stands_in_a_profile(shipped: Definitions) -> None:
    read = {
        name for one in shipped.profiles.values() for section in one.sections for name in section.indicators
    }
    assert read == shipped.indicators.keys() | shipped.published.keys()


def test_names_in_columns_and_names_are_each_used_once(shipped: Definitions) -> None:
    for names in (
        [one.short_name for one in shipped.indicators.values()],
        [one.name for one in shipped.indicators.values()],
        [one.name for one in shipped.features.values()],
    ):
        assert len(names) == len(set(names))


def test_the_three_frailty_cut_offs_ask_for_the_same_36_deficits(shipped: Definitions) -> None:
    cut_offs = {"mild_or_more": 5, "moderate_or_more": 9, "severe": 13}
    nodes = {name: shipped.features[f"frailty_index_{name}"].node for name in cut_offs}
    assert all(isinstance(node, SomeOf) for node in nodes.values())
    assert len({node.of for node in nodes.values() if isinstance(node, SomeOf)}) == 1
    for name, least in cut_offs.items():
        node = nodes[name]
        assert isinstance(node, SomeOf)
        assert (len(node.of), node.at_least) == (36, least)
        # The least number of deficits above the published cut-off: 0.12, 0.24 and 0.36 of 36.
        limit = {"mild_or_more": 0.12, "moderate_or_more": 0.24, "severe": 0.36}[name]
        assert (least - 1) / 36 <= limit < least / 36


def test_plus_groups_and_segments_can_be_told_in_words(shipped: Definitions) -> None:
    for group in shipped.plus_groups.values():
        assert group.node is None or in_words(group.node, shipped.features)
    bridges = shipped.segments["bridges_to_health"]
    assert len(bridges.segments) == 8
    assert {one.cut for one in shipped.segments.values()} == {"segment", "language_need", "housing_tenure"}
    parts = [segment for one in shipped.segments.values() for segment in one.segments]
    assert all(in_words(segment.node, shipped.features) for segment in parts)


def test_prevalence_is_neither_good_nor_bad_and_no_service(shipped: Definitions) -> None:
    prevalence = shipped.indicators["hypertension_prevalence"]
    assert (prevalence.polarity, prevalence.is_service) == (Polarity.NONE, False)


def test_services_are_what_people_can_be_offered(shipped: Definitions) -> None:
    services = {one.id for one in shipped.indicators.values() if one.is_service}
    assert services.isdisjoint({"smoking_prevalence", "cancer_early_stage", "copd_emergency_admissions"})
    assert "bowel_screening" in services
    better = Polarity.HIGHER_IS_BETTER
    assert all(shipped.indicators[name].polarity is better for name in services)
    targets = {one.id for one in shipped.indicators.values() if one.target and not one.is_service}
    assert targets == {
        "asthma_reliever_overuse",
        "cancer_early_stage",
        "diabetes_hba1c_control",
        "maternity_smoking_at_delivery",
        "smoking_prevalence",
    }


def test_admissions_pool_three_years(shipped: Definitions) -> None:
    admissions = shipped.indicators["copd_emergency_admissions"]
    assert (admissions.value_type, admissions.years, admissions.multiplier) == (ValueType.DSR, 3, 100_000)


def test_every_target_names_who_set_it(shipped: Definitions) -> None:
    targets = [one.target for one in shipped.indicators.values() if one.target]
    assert len(targets) >= 60
    assert all(len(target.source) > 10 for target in targets)


def test_every_indicator_has_a_target_or_says_why_there_is_none(shipped: Definitions) -> None:
    assert [one.id for one in shipped.indicators.values() if not (one.target or one.no_target)] == []


def test_parts_of_a_check_are_shown_and_not_ranked(shipped: Definitions) -> None:
    parts = {one.id for one in shipped.indicators.values() if one.part_of == "diabetes_eight_care_processes"}
    assert len(parts) == 8
    assert all(shipped.indicators[name].target for name in parts)
    assert not any(is_ranked(shipped.indicators[name]) for name in parts)
    assert is_ranked(shipped.indicators["diabetes_eight_care_processes"])


def test_a_release_can_tell_every_indicator_and_profile(shipped: Definitions) -> None:
    infos = [IndicatorInfo.model_validate(shipped.describe_indicator(name)) for name in shipped.indicators]
    profiles = [Profile.model_validate(shipped.describe_profile(name)) for name in shipped.profiles]
    assert [info.id for info in infos] == list(shipped.indicators)
    assert [profile.id for profile in profiles][:2] == ["core20plus5_adults", "core20plus5_children"]
    assert infos[0].target is not None
    assert "(2019)" in infos[0].target.source


def test_every_expression_can_be_told_in_words(shipped: Definitions) -> None:
    said = {name: in_words(one.numerator.node, shipped.features) for name, one in shipped.indicators.items()}
    assert said["flu_vaccination_65"] == "with a record of flu vaccination since the last 1 September"
    assert said["cvd_cholesterol_control"] == (
        "whose latest total cholesterol in the last 12 months is at most 5 mmol/L"
    )
    assert said["smoking_prevalence"] == "whose latest smoking status is current smoker"
    assert said["mmr_second_dose_5_years"] == (
        "with records of MMR vaccination on at least 2 days before the age of 5"
    )
    assert said["frailty_65"].startswith("with moderate or severe frailty, by a clinician's latest record")
