"""Sources with LSOAs of the other edition: each is read as one of the place's, and guesses are counted."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.pipeline import build_release, check_workspace
from evenground.sources import load_sources
from evenground.sources.editions import load_editions
from evenground.sources.staging import words
from evenground.workspace import load_workspace
from tests.support.linkage import LSOAS, make_register
from tests.support.sources import AS_AT, Sources

ONS = """\
LSOA11CD,LSOA11NM,CHGIND,LSOA21CD,LSOA21NM,LAD22CD
E01000001,Old 1,U,E01000001,Old 1,E06000001
E01000002,Old 2,S,E01034002,New 2B,E06000001
E01000002,Old 2,S,E01034001,New 2A,E06000001
E01000003,Old 3,M,E01034003,New 3,E06000001
E01000004,Old 4,M,E01034003,New 3,E06000001
E01000005,Old 5,X,E01034004,New 5,E06000001
E01000006,Next 6,U,E01000006,Next 6,E06000002
"""
OF_2021 = ("E01000001", "E01034001", "E01034002", "E01034003", "E01034004")
OF_2011 = ("E01000001", "E01000002", "E01000003", "E01000004", "E01000005")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    made = Sources(tmp_path)
    made.write("lookup.csv", ONS)
    return made


def add(
    sources: Sources, codes: list[str], edition: str | None = "2011", lookup: str | None = "lookup.csv"
) -> None:
    rows = "".join(f"p{n},1980-01-01,{code}\n" for n, code in enumerate(codes))
    options = {"lsoa_edition": edition, "lsoa_lookup": lookup}
    sources.add_extract(
        "GP",
        persons="person_id,birth_date,lsoa_code\n" + rows,
        events="person_id,code,event_date\np0,59621000,2020-01-01\n",
        **{key: value for key, value in options.items() if value is not None},
    )


def load(sources: Sources, wanted: str = "2021"):
    codes = OF_2021 if wanted == "2021" else OF_2011
    (report,) = load_sources(
        sources.sections,
        root=sources.root,
        folder=sources.root / "secure",
        as_at=AS_AT,
        lsoa_codes=codes,
        lsoa_edition=wanted,
    )
    return pl.read_parquet(report.persons)["lsoa_code"].to_list(), report


def test_areas_of_2011_are_read_as_those_of_2021_and_what_is_not_sure_is_counted(sources):
    add(sources, ["E01000001", "e01000002", "E01000002", "E01000003", "E01000004", "E01000005", "E01000006"])
    codes, report = load(sources)
    assert codes == ["E01000001", "E01034001", "E01034001", "E01034003", "E01034003", "E01034004", "unknown"]
    assert report.tables[0].changed == {words.LSOA_BEST_FIT: 3, words.LSOA_UNKNOWN: 1}
    assert report.lsoa_conversion == {
        "lookup": "lookup.csv",
        "from_edition": "2011",
        "to_edition": "2021",
        "rule": "the first code",
        "people_by_best_fit": 3,
        "areas_by_best_fit": 2,
        "people_not_in_lookup": 0,
    }
    assert "lookup.csv" in report.sha256


def test_areas_of_2021_are_read_as_those_of_2011_where_a_merged_one_is_the_guess(sources):
    add(sources, ["E01034001", "E01034002", "E01034003", "E01034004"], edition="2021")
    codes, report = load(sources, wanted="2011")
    assert codes == ["E01000002", "E01000002", "E01000003", "E01000005"]
    assert report.tables[0].changed == {words.LSOA_BEST_FIT: 2}


def test_the_part_with_the_most_people_wins_where_the_look_up_knows(sources):
    lines = ONS.splitlines()
    people = ["population", "900", "1200", "800", "500", "700", "100", "1"]
    sources.write("lookup.csv", "\n".join(f"{line},{n}" for line, n in zip(lines, people, strict=True)))
    add(sources, ["E01000002"])
    codes, report = load(sources)
    assert codes == ["E01034002"]
    assert report.lsoa_conversion["rule"] == "the most people"


def test_codes_that_the_look_up_has_not_are_counted_and_named_where_they_are_many(sources):
    add(sources, ["E01099999"] * 12 + ["E01088888"] * 3 + ["Zebedee Planted"] * 11 + ["unknown", ""])
    codes, report = load(sources)
    assert set(codes) == {"unknown"}
    assert report.tables[0].changed == {words.LSOA_NOT_IN_LOOKUP: 26}
    assert report.lsoa_conversion["people_not_in_lookup"] == 26
    told = " ".join(report.tables[0].notes)
    assert "2 LSOAs are not in the look-up of LSOA editions: E01099999 (12 rows), and 1 others" in told
    assert "Zebedee" not in told


def test_areas_that_the_places_own_look_up_leaves_out_are_named_too(sources):
    add(sources, ["E01077777"] * 10 + ["E01000001"], edition=None, lookup=None)
    _, report = load(sources)
    assert "1 LSOAs are not in the place's areas: E01077777 (10 rows)" in report.tables[0].notes


def test_an_area_that_cannot_be_converted_is_a_gap_that_another_source_fills(sources):
    add(sources, ["E01099999"])
    options = {"identifiers": "GP"}
    sources.add_extract("Council", persons="person_id,lsoa_code\np0,E01034003\n", **options)
    reports = load_sources(
        sources.sections,
        root=sources.root,
        folder=sources.root / "secure",
        as_at=AS_AT,
        lsoa_codes=OF_2021,
        lsoa_edition="2021",
    )
    assert pl.read_parquet(reports[0].persons)["lsoa_code"].to_list() == ["E01034003"]
    assert reports[1].tables[0].changed == {words.LSOA_FILLED: 1}


@pytest.mark.parametrize(
    ("edition", "lookup", "told"),
    [
        ("2011", None, "is 2011, and [areas] lsoa_edition is 2021. Give lsoa_lookup"),
        ("2021", "lookup.csv", "is not needed"),
        (None, "lookup.csv", "stands without lsoa_edition"),
        ("2011", "lokup.csv", 'Did you mean "lookup.csv"?'),
        ("2001", "lookup.csv", "lsoa_edition"),
    ],
)
def test_what_a_source_says_of_its_edition_must_fit_the_place(sources, edition, lookup, told):
    add(sources, ["E01000001"], edition, lookup)
    with pytest.raises(SourceError) as error:
        load(sources)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("LSOA21CD,CHGIND\nE01000001,U\n", "lacks the column LSOA11CD"),
        ("LSOA11CD,LSOA21CD\nS01000001,S01000001\n", "holds no row with two codes of LSOAs"),
        ("", "is not a UTF-8 CSV file"),
    ],
)
def test_a_look_up_that_is_none_is_refused(sources, content, told):
    sources.write("lookup.csv", content)
    add(sources, ["E01000001"])
    with pytest.raises(SourceError) as error:
        load(sources)
    assert told in str(error.value)


def test_the_manifest_the_report_and_the_check_tell_of_the_conversion(tmp_path):
    place = make_register(tmp_path / "town")
    before, _ = build_release(place)
    path = place.root / "place.toml"
    path.write_text(path.read_text().replace('kind = "extract"', 'kind = "extract"\nlsoa_edition = 2011', 1))
    faults = check_workspace(load_workspace(place.root))
    assert ["lsoa_edition is 2021. Give lsoa_lookup" in str(fault) for fault in faults] == [True]
    path.write_text(path.read_text().replace("= 2011", '= 2011\nlsoa_lookup = "data/lookup.csv"'))
    old = {code: f"E0177700{number}" for number, code in enumerate(LSOAS)}
    pairs = "".join(f"{old[code]},U,{code}\n" for code in LSOAS[1:])
    (place.root / "data/lookup.csv").write_text(f"LSOA11CD,CHGIND,LSOA21CD\n{pairs}")
    persons = place.root / "data/gp/persons.csv"
    pl.read_csv(persons, infer_schema=False).with_columns(pl.col("lsoa_code").replace(old)).write_csv(persons)
    release, report = build_release(load_workspace(place.root))
    (source,) = release.manifest.sources
    assert (source.lsoa_edition, source.lsoa_lookup) == ("2011", "data/lookup.csv")
    assert "data/lookup.csv" in source.sha256
    assert report.sources[0].lsoa_conversion["people_not_in_lookup"] > 0
    # All but the one area that the look-up leaves out have the people that they had.
    was, now = (
        one.table("areas").filter(pl.col("area_type") == "lsoa", pl.col("area_code") != LSOAS[0])[
            "population"
        ]
        for one in (before, release)
    )
    assert was.equals(now)


@pytest.mark.reference
def test_the_look_up_of_england_and_wales_gives_one_area_for_each(shared):
    path = shared / "data/lookups/lsoa11_lsoa21_ltla22.csv.gz"
    forward, faults = load_editions("lookup", path, read="2011")
    back, _ = load_editions("lookup", path, read="2021")
    assert faults == []
    assert (forward.frame.height, back.frame.height) == (34_753, 35_672)
    assert forward.frame["word"].is_unique().all()
    fitted = dict(forward.frame.select("word", "fitted").iter_rows())
    assert fitted["E01007813"] == fitted["E01007814"] == "E01034253"
    is_exact = dict(forward.frame.select("word", "is_exact").iter_rows())
    assert [is_exact[code] for code in ("E01007693", "E01007665", "E01007813")] == [False, False, True]
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        assert stream.readline().startswith("lsoa11_name,lsoa11_code")
