"""What marks a figure as published, and who may: the last gate before a release is written."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.disclosure import load_policy, require_protected
from evenground.errors import DefinitionError, DisclosureError
from evenground.pipeline import build_release
from evenground.pipeline.published import take_unpublished
from evenground.releases import current_release
from evenground.workspace import SourceSection, load_workspace
from tests.support.aggregates import fingertips_row, write_csv, write_definition

FINGERTIPS = SourceSection(name="Fingertips", kind="fingertips")
TABLE = SourceSection(name="Table", kind="counts", publication="A report")
OWN_TABLE = SourceSection(name="Own table", kind="counts")
EXTRACT = SourceSection(name="GP records", kind="extract")
SECTIONS = (FINGERTIPS, TABLE, OWN_TABLE, EXTRACT)

SOURCE = """
[[sources]]
name = "Fingertips"
kind = "fingertips"
path = "data/figures.csv"
indicators = { 91547 = "smoking_published" }
"""


def rows(*marks: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(marks, schema=["indicator_id", "basis", "source"], orient="row")


def test_only_rows_marked_as_published_are_spared():
    values = rows(("a", "published", "Fingertips"), ("a", "published", "Table"), ("b", "counted", ""))
    assert take_unpublished(values, SECTIONS, {"a"})["indicator_id"].to_list() == ["b"]


@pytest.mark.parametrize(
    "mark",
    [
        ("a", "published", "GP records"),
        ("a", "published", "Own table"),
        ("a", "published", ""),
        ("a", "published", "Nobody"),
        ("smoking_prevalence", "published", "Fingertips"),
        ("a", "whatever", "Fingertips"),
        ("a", "", "Fingertips"),
    ],
)
def test_a_mark_that_a_row_may_not_carry_stops_the_release(mark):
    with pytest.raises(DisclosureError, match="1 rows of values"):
        take_unpublished(rows(mark), SECTIONS, {"a"})


def test_a_row_without_a_mark_stops_the_release():
    values = pl.DataFrame(
        {"indicator_id": ["a"], "basis": [None], "source": [""]}, schema_overrides={"basis": pl.String}
    )
    with pytest.raises(DisclosureError):
        take_unpublished(values, SECTIONS, {"a"})


@pytest.fixture
def both(wenbury):
    write_definition(wenbury.root)
    profiles = wenbury.root / "definitions" / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    (profiles / "published.toml").write_text(
        'id = "published"\nname = "Published"\ndescription = "As published."\n'
        '[[sections]]\nname = "Tobacco"\nwords = "Smoking."\n'
        'indicators = ["smoking_prevalence", "smoking_published"]\n'
    )
    own = fingertips_row(code=wenbury.place.place.code, type="UA", count="3", denominator="")
    write_csv(wenbury.root / "data" / "figures.csv", [own, fingertips_row()])
    place = wenbury.root / "place.toml"
    place.write_text(place.read_text() + SOURCE)
    return load_workspace(wenbury.root)


def test_a_place_with_both_sees_published_figures_beside_its_own(both):
    before = current_release(both.releases)
    release, report = build_release(both)
    values = release.table("values")
    own = values.filter(pl.col("basis") == "counted")
    published = values.filter(pl.col("basis") == "published")
    assert own.equals(before.table("values"))
    assert {"place", "country"} <= set(published["area_type"])
    # A small count that is published already stands as it was; our own stay protected.
    assert 3 in published["numerator"].to_list()
    require_protected("values", own, ("numerator", "denominator"), load_policy("nhs-7-5"))
    assert release.table("rankings").equals(before.table("rankings"))
    assert release.profiles["published"].sections[0].indicators == ("smoking_prevalence", "smoking_published")
    assert release.indicators["smoking_published"].basis == "published"
    assert release.indicators["smoking_prevalence"].basis == "counted"
    assert {source.name: source.kind for source in release.manifest.sources}["Fingertips"] == "fingertips"
    assert report.people_counted > 0


def test_an_indicator_that_is_counted_cannot_be_published_under_the_same_id(both):
    folder = both.definitions / "published"
    text = (folder / "smoking_published.toml").read_text()
    (folder / "smoking_prevalence.toml").write_text(text.replace("smoking_published", "smoking_prevalence"))
    with pytest.raises(DefinitionError, match=r"published/smoking_prevalence\.toml, id"):
        build_release(both)


def test_two_published_indicators_cannot_share_a_fingertips_id(both):
    write_definition(both.root, "another", extra="fingertips_id = 200")
    with pytest.raises(DefinitionError, match="fingertips_id: is 200"):
        build_release(both)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('checker = "Consultant"', 'checker = "Analyst"', "another person must have checked it"),
        ('kind = "published"', 'kind = "counted"', "kind"),
        ('numerator = "People who smoke."\n', "", "numerator"),
        ('polarity = "lower_is_better"', 'polarty = "lower_is_better"', 'Did you mean "polarity"'),
    ],
)
def test_faults_of_a_published_indicator_are_told_like_those_of_others(both, old, new, told):
    file = both.definitions / "published" / "smoking_published.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DefinitionError) as error:
        build_release(both)
    assert told in str(error.value)
    assert "published/smoking_published.toml" in str(error.value)
