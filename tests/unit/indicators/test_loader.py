"""Loading definitions: a place's own over those that ship, and every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.errors import DefinitionError
from evenground.indicators import SHIPPED, in_words, load_definitions

CODELIST = "# source: made up\n# version: 1\ncode_system,code,term\nlocal,CHECK,Check\n"
FEATURE = 'id = "check"\nname = "Check"\nkind = "event"\ncodelist = "check"\n'
VALUE = (
    'id = "weight"\nname = "Weight"\nkind = "value"\ncodelist = "check"\nunit = "kg"\nplausible = [1, 400]\n'
)
INDICATOR = """
id = "checked"
name = "People checked"
short_name = "Checked"
topic = "Checks"
description = "Made up."
polarity = "higher_is_better"
value_type = "proportion"
unit = "%"
multiplier = 100
is_service = true
author = "One"
checker = "Two"
review_date = 2027-01-01

[source]
title = "Made up"

[denominator]
words = "Everybody."
age = { from = 0 }

[numerator]
words = "People with a check."
feature = "check"
"""
RULE = """
id = "well_checked"
name = "Checked twice"
kind = "rule"
words = "checked twice"
expression = { feature = "check", times = 2 }
"""
PLUS_GROUP = """
id = "housebound"
name = "People who are housebound"
words = "People with a record of a check."
rationale = "Made up."
author = "One"
checker = "Two"
review_date = 2027-01-01
source = { title = "Made up" }
expression = { feature = "check" }
"""
SEGMENTS = """
id = "parts"
name = "Parts"
description = "Made up."
author = "One"
checker = "Two"
review_date = 2027-01-01
source = { title = "Made up" }

[[segments]]
id = "checked"
name = "Checked"
words = "People with a check."
expression = { feature = "check" }

[[segments]]
id = "rest"
name = "Everybody else"
words = "Everybody else."
expression = { age = { from = 0 } }
"""
PROFILE = """
id = "checks"
name = "Checks"
description = "Made up."

[[sections]]
name = "Checks"
words = "Made up."
indicators = ["checked"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "codelists/check.csv", CODELIST)
    write(tmp_path, "features/check.toml", FEATURE)
    write(tmp_path, "indicators/checked.toml", INDICATOR)
    write(tmp_path, "profiles/checks.toml", PROFILE)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def faults(folder: Path) -> str:
    with pytest.raises(DefinitionError) as caught:
        load_definitions(folder)
    return "\n".join(str(fault) for fault in caught.value.faults)


def fault_of_indicator(folder: Path, old: str, new: str) -> str:
    assert old in INDICATOR
    write(folder, "indicators/checked.toml", INDICATOR.replace(old, new))
    return faults(folder)


def test_small_set_loads(folder: Path) -> None:
    loaded = load_definitions(folder)
    assert list(loaded.indicators) == ["checked"]
    assert loaded.profiles["checks"].sections[0].indicators == ("checked",)


def test_folder_that_is_not_there_holds_nothing(folder: Path) -> None:
    assert load_definitions(folder, folder / "nowhere").sha256 == load_definitions(folder).sha256


def test_later_folder_replaces_by_id_and_adds(tmp_path: Path) -> None:
    own = tmp_path / "own"
    shipped = (SHIPPED / "indicators" / "bowel_screening.toml").read_text(encoding="utf-8")
    write(own, "indicators/bowel_screening.toml", shipped.replace("Bowel screening", "Our bowel screening"))
    write(own, "codelists/check.csv", CODELIST)
    write(own, "features/check.toml", FEATURE)
    write(own, "indicators/checked.toml", INDICATOR)
    loaded = load_definitions(SHIPPED, own)
    assert loaded.indicators["bowel_screening"].short_name == "Our bowel screening"
    assert "checked" in loaded.indicators
    assert loaded.indicators.keys() == load_definitions(SHIPPED).indicators.keys() | {"checked"}


def test_digest_names_the_content_and_not_the_file(folder: Path, tmp_path: Path) -> None:
    before = load_definitions(folder).sha256
    write(folder, "indicators/checked.toml", "# a comment\r\n" + INDICATOR.replace("\n", "\r\n"))
    assert load_definitions(folder).sha256 == before
    write(folder, "indicators/checked.toml", INDICATOR.replace("from = 0", "from = 1"))
    changed = load_definitions(folder).sha256
    assert changed != before
    write(folder, "codelists/check.csv", CODELIST + "local,CHECK-2,Another\n")
    assert load_definitions(folder).sha256 != changed


def test_every_fault_of_every_file_is_told_at_once(folder: Path) -> None:
    write(folder, "features/check.toml", FEATURE.replace('"event"', '"evnt"'))
    write(folder, "indicators/checked.toml", INDICATOR.replace("polarity", "polarty"))
    write(folder, "profiles/checks.toml", PROFILE.replace('"checked"', '"chequed"'))
    write(folder, "codelists/other.csv", "code_system,code,term\nsnomed,1,x\n")
    told = faults(folder)
    for part in (
        "features/check.toml, kind",
        'indicators/checked.toml, polarty: is not a known key. Did you mean "polarity"?',
        "indicators/checked.toml, polarity: is missing.",
        'sections[1].indicators: "chequed" is not an indicator. Did you mean "checked"?',
        "codelists/other.csv: has no '# source: ...' line.",
        'unknown code system "snomed". Did you mean "snomed_ct"?',
    ):
        assert part in told


def test_unknown_feature_gets_the_nearest_name(folder: Path) -> None:
    told = fault_of_indicator(folder, 'feature = "check"', 'feature = "chek"')
    assert told == 'indicators/checked.toml, numerator: "chek" is not a feature. Did you mean "check"?'


def test_unknown_feature_is_told_beside_other_faults_of_its_file(folder: Path) -> None:
    broken = INDICATOR.replace("polarity", "polarty").replace('feature = "check"', 'feature = "chek"')
    write(folder, "indicators/checked.toml", broken)
    told = faults(folder)
    assert '"chek" is not a feature' in told
    assert "polarty: is not a known key" in told


def test_denominator_cannot_be_a_count(folder: Path) -> None:
    told = fault_of_indicator(folder, "age = { from = 0 }", 'count = "check"\nwithin_months = 12')
    assert "denominator: holds count" in told


def test_feature_that_is_broken_is_not_called_unknown(folder: Path) -> None:
    write(folder, "features/check.toml", FEATURE.replace('"event"', '"value"'))
    told = faults(folder)
    assert "needs plausible" in told
    assert "is not a feature" not in told


def test_feature_that_cannot_be_read_is_not_called_unknown(folder: Path) -> None:
    write(folder, "features/check.toml", 'id = "check')
    assert faults(folder).startswith("features/check.toml: is not TOML")
    assert "is not a feature" not in faults(folder)


def test_file_name_and_id_must_agree(folder: Path) -> None:
    told = fault_of_indicator(folder, 'id = "checked"', 'id = "checks"')
    assert 'is "checks", but the file is named checked' in told


def test_author_cannot_check_their_own_work(folder: Path) -> None:
    assert "another person must have checked it" in fault_of_indicator(folder, '"Two"', '"one"')


def test_target_above_everybody_is_refused(folder: Path) -> None:
    told = fault_of_indicator(folder, "[source]", '[target]\nvalue = 750\nsource = "Us all"\n\n[source]')
    assert "more than everybody" in told


def test_target_and_a_reason_for_none_cannot_both_be_true(folder: Path) -> None:
    write_twice = 'no_target = "Nobody set one."\n[target]\nvalue = 75\nsource = "Us all"\n\n[source]'
    assert "keep the one that is true" in fault_of_indicator(folder, "[source]", write_twice)


def test_part_of_names_an_indicator_that_is_no_part_itself(folder: Path) -> None:
    whole = INDICATOR.replace('"checked"', '"whole"').replace("is_service", 'part_of = "checked"\nis_service')
    write(folder, "indicators/whole.toml", whole)
    told = fault_of_indicator(folder, "is_service", 'part_of = "chequed"\nis_service')
    assert "indicators/checked.toml, part_of" in told
    assert '"chequed" is not an indicator' in told
    assert "checked" in told.split("not an indicator")[1]
    told = fault_of_indicator(folder, "is_service", 'part_of = "whole"\nis_service')
    assert '"whole" is itself a part of "checked"' in told


def test_rate_needs_a_count_and_a_proportion_people(folder: Path) -> None:
    count = 'count = "check"\nwithin_months = 12'
    assert "a rate one that starts with count" in fault_of_indicator(folder, '"proportion"', '"dsr"')
    assert "a rate one that starts with count" in fault_of_indicator(folder, 'feature = "check"', count)


def test_count_inside_an_expression_is_refused(folder: Path) -> None:
    inside = 'all = [{ count = "check", within_months = 12 }]'
    told = fault_of_indicator(folder, 'feature = "check"', inside)
    assert "holds count. It may only start the numerator of a rate." in told


def test_count_needs_whole_years(folder: Path) -> None:
    told = fault_of_indicator(folder, 'feature = "check"', 'count = "check"\nwithin_months = 18')
    assert "in whole years" in told


def test_value_cannot_be_asked_of_an_event(folder: Path) -> None:
    told = fault_of_indicator(folder, 'feature = "check"', 'latest = "check"\nbelow = 5')
    assert 'asks for the latest value of "check", which is of the kind event' in told


def test_category_must_be_in_the_code_list(folder: Path) -> None:
    codes = CODELIST.replace("term\n", "term,category\n").replace("Check\n", "Check,attended\n")
    write(folder, "codelists/check.csv", codes)
    write(folder, "features/check.toml", FEATURE.replace('"event"', '"category"'))
    told = fault_of_indicator(folder, 'feature = "check"', 'latest = "check"\nis = "atended"')
    assert '"atended" is not a category of check. Did you mean "attended"?' in told


def test_category_feature_needs_a_category_for_every_code(folder: Path) -> None:
    write(folder, "features/check.toml", FEATURE.replace('"event"', '"category"'))
    assert '"check" has 1 codes without a category' in faults(folder)


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ('featur = "check"', 'numerator.featur: is not a kind of expression. Did you mean "feature"?'),
        ('feature = "check"\nsex = "male"', "holds feature, sex side by side"),
        ('feature = "check"\nwithin_month = 3', 'does not belong beside "feature". Did you mean'),
        ('feature = "check"\nwithin_months = 0', "is 0, not a whole number from 1"),
        ('feature = "check"\nwithin_months = 3\nsince_last = "09-01"', "gives both"),
        ('feature = "check"\nsince_last = "02-29"', "29 February is not a day of every year"),
        ('sex = "femal"', 'is not a recorded sex. Did you mean "female"?'),
        ('ethnic_group = "asia"', 'is not an ethnic group. Did you mean "asian"?'),
        ("age = { from = 60, to = 50 }", "goes from 60 to 50"),
        ("age = { form = 60 }", "does not give 'from' or 'to'"),
        ("age = { from = 60.5 }", "not whole years"),
        ("all = []", "is not a list of expressions"),
        ('latest = "weight"', "does not say what the latest must be"),
        ('latest = "weight"\nbelow = 1.2345', "at most three decimal places"),
        ('latest = "weight"\nbelow = true', "at most three decimal places"),
        ('not = "check"', "is not an expression"),
        ("", "is not an expression"),
        ("feature = 3", "is 3, not the id of a feature"),
        ('feature = "check"\ntimes = 0', "numerator.times: is 0, not a whole number from 1"),
        ('feature = "check"\nbefore_age = 0.5', "numerator.before_age: is 0.5, not whole years"),
        ("some_of = []\nat_least = 1", "some_of: is not a list of features"),
        ('some_of = ["check", "weight"]', "at_least: is missing. Say how many of the list must hold."),
        ('some_of = ["check"]\nat_least = 2', "at_least: is 2, not a whole number from 1 to 1"),
        ('some_of = ["check", "weight"]\nat_least = 2\nat_most = 1', "at_most: is 1, not a whole number"),
        ('some_of = ["check", "check"]\nat_least = 1', "names one thing twice"),
        (
            'some_of = [{ sex = "male" }, "check"]\nat_least = 1\nwithin_months = 3',
            "some_of[1]: has a window of its own",
        ),
        ('some_of = [{ sex = "mal" }]\nat_least = 1', 'some_of[1].sex: "mal" is not a recorded sex'),
        ('some_of = ["chek"]\nat_least = 1', '"chek" is not a feature. Did you mean "check"?'),
        ("turned = 2", "turned: does not give an age and within_months"),
        ("turned = { age = 0, within_months = 12 }", "not a whole age from 1"),
        ('age = { from = 2, on_last = "31-08" }', "age.on_last: is '31-08', not a day of the year"),
        ('age = { on_last = "08-31" }', "does not give 'from' or 'to'"),
    ],
)
def test_expression_fault_is_told(folder: Path, expression: str, told: str) -> None:
    write(folder, "features/weight.toml", VALUE)
    assert told in fault_of_indicator(folder, 'feature = "check"', expression)


def test_place_in_a_nested_expression_is_named(folder: Path) -> None:
    nested = 'all = [{ age = { from = 1 } }, { any = [{ sex = "x" }] }]'
    told = fault_of_indicator(folder, 'feature = "check"', nested)
    assert told.startswith("indicators/checked.toml, numerator.all[2].any[1].sex:")


def test_part_without_words_and_part_that_is_missing(folder: Path) -> None:
    assert "numerator.words: is missing" in fault_of_indicator(folder, 'words = "People with a check."', "")
    part = '[numerator]\nwords = "People with a check."\nfeature = "check"\n'
    assert "indicators/checked.toml, numerator: is missing" in fault_of_indicator(folder, part, "")
    not_a_table = fault_of_indicator(folder, "[source]", "numerator = 3\n[source]")
    assert "is not TOML" in not_a_table


@pytest.mark.parametrize("name", ["features/check.toml", "codelists/check.csv"])
def test_other_encodings_are_told(folder: Path, name: str) -> None:
    (folder / name).write_bytes("# source: Größe".encode("cp1252"))
    assert f"{name}: is not UTF-8 text" in faults(folder)


def test_file_with_a_byte_order_mark_loads(folder: Path) -> None:
    (folder / "features" / "check.toml").write_bytes(b"\xef\xbb\xbf" + FEATURE.encode())
    assert "check" in load_definitions(folder).features


def test_broken_toml_is_told_with_its_line(folder: Path) -> None:
    write(folder, "indicators/checked.toml", 'id = "checked\n')
    assert "indicators/checked.toml: is not TOML" in faults(folder)
    assert "line 1" in faults(folder)


def test_misspelt_folder_is_told(folder: Path) -> None:
    write(folder, "indicator/other.toml", INDICATOR)
    assert 'Did you mean "indicators"?' in faults(folder)


def test_feature_names_an_unknown_code_list(folder: Path) -> None:
    write(folder, "features/check.toml", FEATURE.replace('codelist = "check"', 'codelist = "chek"'))
    assert 'features/check.toml, codelist: "chek" is not a code list. Did you mean "check"?' in faults(folder)


@pytest.mark.parametrize("plausible", ["[400, 1]", "[1, 1]", "[1]", "[-9000000, 1]"])
def test_plausible_range_must_be_one(folder: Path, plausible: str) -> None:
    write(folder, "features/weight.toml", VALUE.replace("[1, 400]", plausible))
    assert "features/weight.toml" in faults(folder)


def test_rule_stands_for_its_expression(folder: Path) -> None:
    write(folder, "features/well_checked.toml", RULE)
    changed = INDICATOR.replace('feature = "check"', 'feature = "well_checked"')
    write(folder, "indicators/checked.toml", changed)
    loaded = load_definitions(folder)
    node = loaded.indicators["checked"].numerator.node
    assert in_words(node, loaded.features) == "checked twice"
    assert in_words(loaded.expand(node), loaded.features) == "with records of check on at least 2 days"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('words = "checked twice"', "", "needs an expression, and words that follow 'people'"),
        ("times = 2 }", "tims = 2 }", "features/well_checked.toml, expression.tims: does not belong beside"),
        ('"check", times', '"chek", times', 'expression: "chek" is not a feature. Did you mean "check"?'),
        ('feature = "check", times = 2', 'count = "check", within_months = 12', "expression: holds count"),
        ('kind = "rule"', 'kind = "rule"\ncodelist = "check"', "has no codes"),
        ('kind = "rule"', 'kind = "event"\ncodelist = "check"', "only a feature of the kind rule"),
    ],
)
def test_fault_of_a_rule_is_told(folder: Path, old: str, new: str, told: str) -> None:
    assert old in RULE
    write(folder, "features/well_checked.toml", RULE.replace(old, new))
    assert told in faults(folder)


@pytest.mark.parametrize(
    "expression",
    [
        'feature = "well_checked"\nwithin_months = 12',
        'feature = "well_checked"\ntimes = 2',
        'some_of = ["well_checked"]\nat_least = 1\nwithin_months = 12',
        'latest = "well_checked"\nat_most = 2',
    ],
)
def test_rule_has_no_records_to_ask_of(folder: Path, expression: str) -> None:
    write(folder, "features/well_checked.toml", RULE)
    told = fault_of_indicator(folder, 'feature = "check"', expression)
    assert '"well_checked", which is of the kind rule' in told


def test_rules_that_go_round_in_a_circle_are_named_once(folder: Path) -> None:
    for name, other in (("first", "second"), ("second", "third"), ("third", "second"), ("own", "own")):
        text = RULE.replace("well_checked", name).replace('"check", times = 2', f'"{other}"')
        write(folder, f"features/{name}.toml", text)
    told = faults(folder).splitlines()
    assert told == [
        "features/second.toml, expression: goes round in a circle: second -> third -> second. "
        "Let one of them name features with codes.",
        "features/own.toml, expression: goes round in a circle: own -> own. "
        "Let one of them name features with codes.",
    ]


def test_plus_groups_and_segments_load(folder: Path) -> None:
    write(folder, "plus_groups/housebound.toml", PLUS_GROUP)
    write(folder, "segments/parts.toml", SEGMENTS)
    loaded = load_definitions(folder)
    node = loaded.plus_groups["housebound"].node
    assert node is not None
    assert in_words(node, loaded.features) == "with a record of check"
    assert [segment.id for segment in loaded.segments["parts"].segments] == ["checked", "rest"]


def test_plus_group_that_no_record_tells_needs_no_expression(folder: Path) -> None:
    write(folder, "plus_groups/housebound.toml", PLUS_GROUP.replace('expression = { feature = "check" }', ""))
    assert load_definitions(folder).plus_groups["housebound"].node is None


@pytest.mark.parametrize(
    ("kind", "old", "new", "told"),
    [
        ("plus", '"Two"', '"One"', "another person must have checked it"),
        ("plus", '"check"', '"chek"', 'plus_groups/housebound.toml, expression: "chek" is not a feature'),
        ("plus", "rationale", "rational", "rationale: is missing"),
        ("segments", '"check"', '"chek"', 'segments/parts.toml, segments[1].expression: "chek" is not'),
        ("segments", "feature =", "featur =", "segments[1].expression.featur: is not a kind of expression"),
        ("segments", "from = 0", "from = 1", "the last segment must hold for everybody"),
        ("segments", 'id = "rest"', 'id = "checked"', "two segments have the id checked"),
    ],
)
def test_fault_of_a_plus_group_or_a_segment_is_told(
    folder: Path, kind: str, old: str, new: str, told: str
) -> None:
    text, file = (
        (PLUS_GROUP, "plus_groups/housebound.toml") if kind == "plus" else (SEGMENTS, "segments/parts.toml")
    )
    assert old in text
    write(folder, file, text.replace(old, new))
    assert told in faults(folder)
