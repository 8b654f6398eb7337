"""A build takes a linked source's people for those of the register, if the crosswalk is up to date."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from evenground.disclosure import load_policy
from evenground.disclosure.coverage import find_exposed_rows
from evenground.errors import AgreementError, SourceError
from evenground.pipeline import build_release, check_workspace
from evenground.pipeline.linkages import describe_linkages, link_place, list_rates
from evenground.pipeline.sealed import seal_workspace
from evenground.releases import LinkageInfo
from evenground.sealing import IDENTITY_VARIABLE, open_workspace, write_identity
from evenground.sources import check_sources, load_sources
from evenground.sources.aggregates import split_sections
from evenground.sources.linkage import link_sources, load_rates
from evenground.sources.linkage.crosswalk import find_crosswalk
from evenground.sources.staging import words
from tests.support.linkage import LSOAS, PLACE, Councils


def load(councils: Councils):
    place = councils.workspace.place
    return load_sources(
        place.sources,
        root=councils.root,
        folder=councils.root / "secure" / "build",
        as_at=place.place.as_at,
        lsoa_codes=LSOAS,
    )


def faults_of(councils: Councils) -> str:
    workspace = councils.workspace
    return "\n".join(
        map(str, check_sources(workspace.place.sources, root=councils.root, folder=workspace.secure))
    )


def test_sources_that_no_agreement_covers_are_not_linked(councils: Councils) -> None:
    councils.write("place.toml", PLACE.replace("required = false", "required = true"))
    with pytest.raises(AgreementError, match="is in no data-sharing agreement"):
        link_place(councils.workspace, "housing_gp")
    assert not (councils.root / "secure" / "linkages").exists()


def test_who_opted_out_takes_no_part_in_a_linkage_and_is_counted(
    linked: Councils, councils: Councils
) -> None:
    before = pl.read_parquet(linked.root / "secure/linkages/housing_gp/crosswalk.parquet")
    tenants, patients = (before[name].sort()[:3].to_list() for name in ("source_id", "register_id"))
    text = PLACE
    for name, kind, people in (("Council housing", "national", tenants), ("GP records", "type_1", patients)):
        councils.write(f"data/{kind}.csv", "\n".join(["id", *people, "somebody-else"]) + "\n")
        listed = f'path = "data/{kind}.csv"\ncolumn = "id"\nsources = ["{name}"]\n'
        text += f'\n[[opt_outs]]\nkind = "{kind}"\n{listed}'
    councils.write("place.toml", text)
    findings = link_place(councils.workspace, "housing_gp").findings
    source, register = findings.sides
    assert source.dropped[words.OPTED_OUT_NATIONAL] == 3
    assert register.dropped[words.OPTED_OUT_TYPE_1] == 3
    assert (source.read, register.read) == (1000, 2000)
    assert (source.kept, register.kept) == (997, 1997)
    after = pl.read_parquet(councils.root / "secure/linkages/housing_gp/crosswalk.parquet")
    assert not set(after["source_id"]) & set(tenants)
    assert not set(after["register_id"]) & set(patients)
    assert after.height < before.height
    assert not list((councils.root / "secure/linkages/housing_gp").glob(".linkage*"))


def test_events_of_the_linked_reach_the_right_people_of_the_register(linked_councils: Councils) -> None:
    register, housing = load(linked_councils)
    links = pl.read_parquet(linked_councils.root / "secure/linkages/housing_gp/crosswalk.parquet")
    events = pl.read_parquet(register.events).filter(code_system="local")
    persons = pl.read_parquet(register.persons)
    # Identifiers of the register are in order, so numbers from 0 are the numbers in them.
    expected = links["register_id"].str.strip_prefix("p").cast(pl.Int64).sort()
    assert events["person_id"].sort().to_list() == expected.to_list()
    assert persons.height == register.tables[0].kept
    persons_table, events_table = housing.tables
    assert persons_table.kept == events_table.kept == links.height
    unlinked = {words.NOT_LINKED: persons_table.read - links.height}
    assert persons_table.dropped == events_table.dropped == unlinked


def test_a_release_names_the_crosswalk_that_it_follows_from(linked_councils: Councils) -> None:
    release, report = build_release(linked_councils.workspace)
    crosswalk = linked_councils.root / "secure/linkages/housing_gp/crosswalk.parquet"
    digest = hashlib.sha256(crosswalk.read_bytes()).hexdigest()
    assert report.sources[1].sha256["secure/linkages/housing_gp/crosswalk.parquet"] == digest
    assert release.manifest.sources[1].sha256 == report.sources[1].sha256
    assert check_workspace(linked_councils.workspace) == []


@pytest.mark.parametrize("file", ["data/housing/tenants.csv", "data/gp/persons.csv"])
def test_a_crosswalk_of_other_files_stops_a_build(linked_councils: Councils, file: str) -> None:
    path = linked_councils.root / file
    path.write_bytes(path.read_bytes().replace(b"1980", b"1981"))
    with pytest.raises(SourceError, match="was made from other files, or by another definition"):
        load(linked_councils)
    assert "Run 'evenground link housing_gp' again." in faults_of(linked_councils)


def test_a_crosswalk_of_another_definition_stops_a_build(linked_councils: Councils) -> None:
    linked_councils.write_linkage(link=0.96)
    with pytest.raises(SourceError, match="was made from other files, or by another definition"):
        load(linked_councils)


def test_words_that_are_written_otherwise_change_nothing(linked_councils: Councils) -> None:
    path = linked_councils.root / "definitions/linkages/housing_gp.toml"
    path.write_text(f"# A comment.\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert faults_of(linked_councils) == ""


def test_a_linkage_that_was_not_made_stops_a_build(councils: Councils) -> None:
    with pytest.raises(SourceError, match="has not been made. Run 'evenground link housing_gp'"):
        load(councils)


def test_a_crosswalk_that_is_cut_short_stops_a_build(linked_councils: Councils) -> None:
    path = linked_councils.root / "secure/linkages/housing_gp/crosswalk.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert "has a crosswalk that cannot be read" in faults_of(linked_councils)


def test_a_linkage_that_place_toml_names_wrongly_is_told_with_the_nearest(councils: Councils) -> None:
    path = councils.root / "place.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"housing_gp"', '"housing_pg"'), encoding="utf-8"
    )
    assert 'linkages/housing_pg.toml: is not there. Did you mean "housing_gp"?' in faults_of(councils)


@pytest.mark.parametrize("key", ["adds_people", "is_register"])
def test_a_linked_source_has_no_people_of_its_own(linked_councils: Councils, key: str) -> None:
    path = linked_councils.root / "place.toml"
    linkage = 'linkage = "housing_gp"\n'
    text = path.read_text(encoding="utf-8").replace(linkage, f"{linkage}{key} = true\n")
    path.write_text(text, encoding="utf-8")
    assert "some would be counted twice" in faults_of(linked_councils)


def test_another_source_with_the_same_identifiers_may_use_the_crosswalk(linked_councils: Councils) -> None:
    section = """
[[sources]]
name = "Repairs"
kind = "extract"
code_system = "local"
linkage = "housing_gp"
{identifiers}
[[sources.events]]
path = "data/housing/visits.csv"
columns = { person_id = "tenant_id", code = "code", event_date = "date" }
constants = {}
"""
    path = linked_councils.root / "place.toml"
    place = path.read_text(encoding="utf-8")
    path.write_text(place + section.replace("{identifiers}", ""), encoding="utf-8")
    assert 'links the identifiers of "Council housing", which are not its own' in faults_of(linked_councils)
    path.write_text(
        place + section.replace("{identifiers}", 'identifiers = "Council housing"'), encoding="utf-8"
    )
    _, housing, repairs = load(linked_councils)
    assert repairs.tables[0].dropped[words.SAME_EVENT] == housing.tables[1].kept


def test_nhs_numbers_on_a_side_are_made_pseudonyms_as_its_source_says(councils: Councils) -> None:
    for name in ("persons.csv", "events.csv"):
        path = councils.root / "data/gp" / name
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        written = [f"{nhs_number(int(line[1:6]))}{line[6:]}" for line in lines]
        path.write_text("\n".join([header, *written]) + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match="holds what look like NHS numbers in 2,000 rows"):
        link_sources(councils.workspace, "housing_gp")
    place = (councils.root / "place.toml").read_text(encoding="utf-8")
    kind = 'kind = "extract"\n'
    councils.write("place.toml", place.replace(kind, f'{kind}pseudonymise = "nhs_number"\n', 1))
    links = link_sources(councils.workspace, "housing_gp").findings.links
    assert links > 0.9 * len(councils.truth)
    register, housing = load(councils)
    assert register.tables[0].kept == 2000
    assert housing.tables[0].kept == links
    assert b"9990" not in (councils.root / "secure/linkages/housing_gp/review.csv").read_bytes()


def nhs_number(number: int) -> str:
    """One of the numbers that begin with 999, which are given to nobody."""
    digits = f"999{number * 3:06}"
    for shifted in (digits, f"999{number * 3 + 1:06}"):
        check = -sum((10 - place) * int(digit) for place, digit in enumerate(shifted)) % 11
        if check != 10:
            return f"{shifted}{check}"
    raise AssertionError(number)


def test_a_build_tells_who_was_linked_less_often_exactly_inside_and_under_the_policy_outside(
    linked_councils: Councils,
) -> None:
    release, report = build_release(linked_councils.workspace)
    (linkage,) = report.linkages
    exact = {(rate.group, rate.category): rate for rate in linkage.rates}
    assert {group for group, _ in exact} == {"all", "ethnic_group", "imd_quintile"}
    assert exact["all", "all"].linked == report.sources[1].tables[0].kept
    told = {(row.group, row.category): row for row in release.linkages}
    assert told.keys() == exact.keys()
    for key, row in told.items():
        assert row.persons % 5 == row.linked % 5 == 0
        assert abs(row.persons - exact[key].persons) < 3
        assert abs(row.linked - exact[key].linked) < 3
    assert (row.source, row.register_name) == ("Council housing", "GP records")
    written = json.loads((linked_councils.root / f"secure/reports/{release.id}.json").read_text())
    assert written["linkages"][0]["rates"][0]["linked"] == exact["all", "all"].linked


def test_a_small_group_of_a_linkage_is_suppressed_in_the_release(linked_councils: Councils) -> None:
    rates = load_rates(linked_councils.root, "housing_gp")
    few = replace(rates.rates[0], persons=300, linked=4)
    nobody = replace(rates.rates[0], persons=300, linked=0)
    hidden, zero = describe_linkages([replace(rates, rates=(few, nobody))], load_policy("nhs-7-5"))
    assert (hidden.persons, hidden.linked, hidden.value_note) == (300, None, "suppressed")
    assert (zero.persons, zero.linked, zero.value_note) == (300, 0, "zero")


def test_a_group_of_a_linkage_that_the_others_give_away_takes_another_with_it(
    linked_councils: Councils,
) -> None:
    rates = load_rates(linked_councils.root, "housing_gp")

    def describe(few: int, *others: int) -> list[LinkageInfo]:
        counts = {"all": few + sum(others), **dict(zip("12345", (few, *others), strict=False))}
        group = {"all": "all"}
        exact = tuple(
            replace(
                rates.rates[0],
                group=group.get(key, "imd_quintile"),
                category=key,
                persons=1000 if key == "all" else 1000 // (len(counts) - 1),
                linked=count,
            )
            for key, count in counts.items()
        )
        return list(describe_linkages([replace(rates, rates=exact)], load_policy("nhs-7-5")))

    # 301 and 298 are told as 300: between 0 and 4 are left for the first.
    told = describe(3, 298)
    assert [row.linked for row in told] == [300, None, None]
    assert [row.persons for row in told] == [1000, 500, 500]
    assert not find_exposed_rows(list_rates(told), load_policy("nhs-7-5"))
    # Among five, rounding alone leaves room enough.
    assert [row.linked for row in describe(4, 96, 100, 100, 100)] == [400, None, 95, 100, 100, 100]


def test_a_report_of_another_run_than_the_crosswalks_is_not_told(linked_councils: Councils) -> None:
    path = linked_councils.root / "secure/linkages/housing_gp/report.json"
    path.write_text(path.read_text().replace('"made_from": "', '"made_from": "0'))
    assert load_rates(linked_councils.root, "housing_gp") is None
    release, report = build_release(linked_councils.workspace)
    assert report.linkages == []
    assert release.linkages == ()


def test_what_a_linkage_writes_of_people_is_sealed_where_the_place_seals(
    councils: Councils, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyrage", reason="the extra 'sealing' is not installed")
    public = write_identity(tmp_path / "key.txt")
    monkeypatch.setenv(IDENTITY_VARIABLE, str(tmp_path / "key.txt"))
    toml = councils.root / "place.toml"
    toml.write_text(f'{toml.read_text()}\n[secure]\nrecipients = ["{public}"]\n')
    seal_workspace(councils.workspace)
    linked = link_sources(councils.workspace, "housing_gp")
    assert sorted(path.name for path in linked.folder.iterdir()) == [
        "crosswalk.parquet.age",
        "report.html",
        "report.json",
        "review.csv.age",
    ]
    opened = open_workspace(councils.root, tmp_path)
    sections = split_sections(councils.workspace.place.sources)[0]
    crosswalk, faults = find_crosswalk(opened, "housing_gp", sections)
    assert (crosswalk is not None, faults) == (True, [])
