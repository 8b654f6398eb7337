"""Every fault of a linkage is told at once: where, what, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evenground.errors import DefinitionError, SourceError, WorkspaceError
from evenground.sources import check_sources
from evenground.sources.linkage import check_linkages, link_sources, load_linkage
from evenground.sources.linkage.definition import Compared, Linkage, Side, Thresholds
from evenground.sources.linkage.fields import FIELDS as FIELDS_OF
from evenground.sources.linkage.resolve import REASONS
from tests.support.linkage import FIELDS, LINKAGE, Councils


def faults_of(councils: Councils) -> str:
    return "\n".join(map(str, check_linkages(councils.root, councils.workspace.place.sources)))


def test_the_linkage_of_these_tests_has_no_fault(councils: Councils) -> None:
    assert faults_of(councils) == ""
    linkage = load_linkage(councils.root, "housing_gp", councils.workspace.place.sources)
    assert linkage.fields == FIELDS


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"link": 0.5, "review": 0.5}, "thresholds: review (0.5) must be below link (0.5)"),
        ({"link": 1}, "thresholds.link: Input should be less than 1"),
        ({"blocking": "[]"}, "blocking: Tuple should have at least 1 item"),
        ({"blocking": [[]]}, "blocking[1]: is empty: everybody would be compared with everybody"),
        ({"blocking": [["surname_sond"]]}, '"surname_sond" is not a key. Did you mean "surname_sound"?'),
        ({"blocking": '["birth_date"]'}, "blocking[1]: is not a list of keys"),
        ({"blocking": [["birth_year"], ["birth_date"]]}, "every rule holds birth_date, so nothing can be"),
        ({"blocking": [["uprn"], ["birth_date"]]}, "source.columns.uprn: is missing: uprn is compared"),
        ({"comparisons": (*FIELDS, "sex")}, '"sex" is compared more than once'),
        ({"comparisons": ("surname",)}, "comparisons: Tuple should have at least 2 items"),
        ({"comparisons": (*FIELDS, "fornames")}, '"fornames" is not a field. Did you mean "forename"?'),
        ({"comparisons": (*FIELDS, "surname_sound")}, 'It is a key to block on; compare "surname".'),
        ({"columns": {name: name for name in FIELDS[1:]}}, "register.columns.birth_date: is missing"),
        ({"columns": {name: name for name in (*FIELDS, "uprn")}}, "uprn: is neither compared nor blocked on"),
        ({"columns": {**{name: name for name in FIELDS}, "surnme": "x"}}, 'Did you mean "surname"?'),
        ({"text": LINKAGE.replace('"Another analyst"', '"an Analyst"')}, "author and checker are the same"),
        ({"text": LINKAGE.replace('"GP records"', '"GP record"')}, 'Did you mean "GP records"?'),
        ({"text": LINKAGE.replace('"GP records"', '"Council housing"')}, "two different sources"),
        ({"text": LINKAGE.replace("[register", "[registr")}, 'is not a known key. Did you mean "register"?'),
        ({"text": LINKAGE.replace("0.85", "85")}, "expected_share: Input should be less than or equal to 1"),
        ({"text": LINKAGE.replace('"{id}"', '"other"')}, 'is "other", but the file is named housing_gp'),
        ({"text": "id ="}, "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(councils: Councils, change: dict[str, object], told: str) -> None:
    councils.write_linkage(**change)
    assert told in faults_of(councils)
    with pytest.raises(DefinitionError):
        link_sources(councils.workspace, "housing_gp")


def test_several_faults_are_told_at_once(councils: Councils) -> None:
    councils.write_linkage(blocking=[["surname_sond"]], link=0.1, comparisons=("sexx", "surname"))
    told = faults_of(councils)
    assert told.count("\n") >= 2
    assert all(part in told for part in ("surname_sond", "sexx", "must be below link"))


def test_a_level_that_a_field_does_not_have_is_told_with_the_nearest(councils: Councils) -> None:
    text = LINKAGE + '[[comparisons]]\nfield = "uprn"\nlevels = ["sme"]\n'
    councils.write_linkage(text=text)
    assert '"sme" is not a level of uprn. Did you mean "same"?' in faults_of(councils)
    assert 'comparisons[6].levels: does not hold "same"' in faults_of(councils)


def test_a_check_of_the_workspace_tells_of_linkages_that_no_source_uses(councils: Councils) -> None:
    councils.write_linkage("other", link=0.1)
    sources = councils.workspace.place.sources
    told = "\n".join(map(str, check_sources(sources, root=councils.root, folder=councils.workspace.secure)))
    assert "linkages/other.toml, thresholds: review (0.3) must be below link (0.1)" in told


def refused(councils: Councils) -> str:
    with pytest.raises(SourceError) as raised:
        link_sources(councils.workspace, "housing_gp")
    assert list((councils.root / "secure/linkages/housing_gp").iterdir()) == []
    return str(raised.value)


def test_a_column_that_a_file_does_not_hold_is_told_with_the_nearest(councils: Councils) -> None:
    columns = {name: name for name in FIELDS} | {"surname": "surnames"}
    councils.write_linkage(columns=columns)
    told = refused(councils)
    for file, side in (("housing/tenants", "source"), ("gp/persons", "register")):
        assert (
            f'data/{file}.csv, column "surnames": is not one of its 8 columns. Did you mean "surname"? '
            f"Check {side}.columns.surname."
        ) in told


def test_a_file_that_is_not_there_is_told(councils: Councils) -> None:
    (councils.root / "data/housing/tenants.csv").rename(councils.root / "data/housing/tenant.csv")
    assert 'source.path, data/housing/tenants.csv: is not there. Did you mean "tenant.csv"?' in refused(
        councils
    )


def test_an_empty_side_is_told(councils: Councils) -> None:
    path = councils.root / "data/housing/tenants.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert "data/housing/tenants.csv: holds nobody: of 0 rows read, none can be used" in refused(councils)


def test_a_field_that_is_empty_for_everybody_is_told(councils: Councils) -> None:
    path = councils.root / "data/housing/tenants.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    emptied = [",".join([*row[:5], "no fixed abode", *row[6:]]) for row in cells]
    path.write_text("\n".join([header, *emptied]) + "\n", encoding="utf-8")
    told = refused(councils)
    assert 'tenants.csv, column "postcode": is empty or unreadable in every one of 1,000 persons' in told
    assert "leave postcode out of the linkage" in told


def test_two_sides_that_share_nothing_are_told(councils: Councils) -> None:
    path = councils.root / "data/housing/tenants.csv"
    text = path.read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    rows = [line.split(",") for line in lines]
    other = [",".join([row[0], "1920-01-01", row[2], "Zyxwv", "Zyxwv", "ZE1 0AA", *row[6:]]) for row in rows]
    path.write_text("\n".join([header, *other]) + "\n", encoding="utf-8")
    assert "no two records agree on the keys of any rule" in refused(councils)


def test_a_rule_that_would_compare_far_too_many_is_told(councils: Councils, monkeypatch) -> None:
    monkeypatch.setattr("evenground.sources.linkage.model.MOST_PAIRS", 100_000)
    councils.write_linkage(blocking=[["sex"], ["birth_date"]])
    assert "blocking[1]: gives" in (told := refused(councils))
    assert "Add a key to sex." in told


def test_no_key_is_told_by_the_name_of_its_variable(councils: Councils, monkeypatch) -> None:
    monkeypatch.delenv("EVENGROUND_PSEUDONYM_KEY")
    assert "The environment variable EVENGROUND_PSEUDONYM_KEY: is not set" in refused(councils)


def test_sources_of_published_figures_do_not_matter_to_a_linkage(councils: Councils, monkeypatch) -> None:
    place = (councils.root / "place.toml").read_text(encoding="utf-8")
    councils.write("place.toml", f'{place}\n[[sources]]\nname = "Figures"\nkind = "fingertips"\n')
    monkeypatch.delenv("EVENGROUND_PSEUDONYM_KEY")
    told = refused(councils)
    assert "is not set" in told
    assert "Figures" not in told


def test_without_splink_the_extra_that_brings_it_is_named(councils: Councils, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(WorkspaceError, match=r"pip install 'evenground\[linkage\]'"):
        link_sources(councils.workspace, "housing_gp")


def test_every_key_field_level_and_reason_is_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "linkage.md"
    text = page.read_text(encoding="utf-8")
    models = (Linkage, Side, Compared, Thresholds)
    names = {info.alias or name for model in models for name, info in model.model_fields.items()}
    names |= {name for field in FIELDS_OF.values() for name in (field.name, *field.keys, *field.levels)}
    assert [name for name in sorted(names) if f"`{name}`" not in text and f"{name} = " not in text] == []
    assert [reason for reason in REASONS if f"| {reason} |" not in text] == []
