"""Pictures from a release, taken apart."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import pairwise

import polars as pl
import pytest

from evenground.errors import EvengroundError, InputError
from evenground.releases import load_release
from evenground.reports.charts import draw_ethnic_group_bars, draw_map, draw_quintile_bars, draw_ranking
from evenground.reports.drawing import AVERAGE, BAR, INK, TARGET, UNRECORDED_BAR
from evenground.reports.files import render_svg
from evenground.reports.maps import BLUES
from evenground.reports.svg import ATTRIBUTES, ELEMENTS
from tests.support.release_factory import MISSING_LSOA, PLACE, SUPPRESSED_LSOA, ZERO_LSOA

HOSTILE = '<script>alert("1")</script> & \' ]]> {{x}} \x00\ufffe ' + "very long " * 30


def draw_all(release):
    return [
        draw_quintile_bars(release, "bowel_screening"),
        draw_quintile_bars(release, "copd_emergency_admissions"),
        draw_ethnic_group_bars(release, "bowel_screening"),
        draw_ethnic_group_bars(release, "bowel_screening", detail="5"),
        draw_map(release, "smi_annual_health_check"),
        draw_map(release, "smi_annual_health_check", area_type="lsoa"),
        draw_ranking(release, "bowel_screening", "msoa_ethnic_group"),
        draw_ranking(release, "all", "lsoa"),
    ]


def hide(cut: str, category: str, note: str = "suppressed"):
    """A function that withholds one place's category from the values."""
    chosen = (pl.col("cut") == cut) & (pl.col("category") == category) & (pl.col("area_type") == "place")
    columns = ["numerator", "denominator", "value", "lower_cl", "upper_cl", "confidence_level"]

    def change(values: pl.DataFrame) -> pl.DataFrame:
        return values.with_columns(
            *(pl.when(~chosen).then(pl.col(name)).alias(name) for name in columns),
            pl.when(chosen).then(pl.lit(note)).otherwise(pl.col("value_note")).alias("value_note"),
        )

    return change


def test_the_same_release_gives_the_same_bytes_again_and_from_disk(release):
    first = [asdict(figure) for figure in draw_all(release)]
    assert [asdict(figure) for figure in draw_all(load_release(release.path))] == first


def test_figures_can_be_drawn_in_several_threads_at_once(release):
    alone = draw_quintile_bars(release, "bowel_screening")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: draw_quintile_bars(release, "bowel_screening"), range(8)))
    assert together == [alone] * 8


def test_all_figures_can_share_a_page_and_its_policy(release, look):
    figures = draw_all(release)
    ids = [name for figure in figures for name in look(figure.svg).ids()]
    assert len(ids) == len(set(ids))
    for figure in figures:
        picture = look(figure.svg)
        assert picture.tags() <= ELEMENTS | {"title", "desc"}
        inside = {
            name for part in list(picture.root)[2:] for element in part.iter() for name in element.attrib
        }
        assert inside <= ATTRIBUTES | {"aria-hidden", "patternUnits"}
        references = set(re.findall(r"url\(#([^)]+)\)", figure.svg))
        assert references <= set(picture.ids())
        assert (picture.root[0].text, picture.root[1].text) == (figure.title, figure.summary)


def test_text_is_large_enough_for_a_phone(release, look):
    for figure in draw_all(release):
        picture = look(figure.svg)
        width = float(picture.root.attrib["viewBox"].split()[2])
        sizes = [
            float(e.attrib["font-size"].removesuffix("px"))
            for e in picture.root.iter()
            if "font-size" in e.attrib
        ]
        # A phone 360 pixels wide leaves 328 beside the page's margins.
        assert min(sizes) * 328 / width >= 11


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("mark", "ground", "least"),
    [
        (INK, "#ffffff", 7),
        (BAR, "#ffffff", 3),
        (UNRECORDED_BAR, "#ffffff", 3),
        (INK, BAR, 3),
        (INK, UNRECORDED_BAR, 3),
        (AVERAGE, BAR, 3),
        (AVERAGE, "#ffffff", 3),
        (TARGET, BAR, 3),
    ],
)
def test_colours_stand_out(mark, ground, least):
    assert contrast(mark, ground) >= least


def test_map_shades_differ_in_lightness_and_not_only_in_hue():
    steps = [contrast(darker, lighter) for lighter, darker in pairwise(BLUES)]
    assert min(steps) >= 1.3


def test_a_bar_and_a_whisker_for_each_fifth_in_order(release, look):
    figure = draw_quintile_bars(release, "bowel_screening")
    picture = look(figure.svg)
    assert len(picture.layer("bars")) == len(picture.layer("whiskers")) == 5
    assert len(picture.layer("caps")) == 10
    assert picture.texts("labels") == [
        "1: most deprived fifth",
        "2",
        "3",
        "4",
        "5: least deprived fifth",
        "Area unknown",
    ]
    assert picture.tooltips("bars")[0] == "1: most deprived fifth: 59.9% (56.3% to 63.3%)"


def test_the_average_and_the_target_are_drawn_at_every_bar_and_named(release, look):
    picture = look(draw_quintile_bars(release, "bowel_screening").svg)
    assert picture.texts("legend") == ["Samplebury overall: 66.6%", "Target: 60%"]
    strokes = [line.get("stroke") for line in picture.layer("references")]
    assert strokes.count(AVERAGE) == strokes.count(TARGET) == 5


def test_an_indicator_without_a_target_has_no_target_line(release, look):
    assert look(draw_quintile_bars(release, "hypertension_prevalence").svg).texts("legend") == [
        "Samplebury overall: 13.2%"
    ]


def test_a_bar_is_as_long_as_its_value(release, look):
    picture = look(draw_quintile_bars(release, "bowel_screening").svg)
    widths = [float(re.search(r"h([\d.]+)", bar.attrib["d"])[1]) for bar in picture.layer("bars")]
    values = [float(text.rstrip("%")) for text in picture.texts("values")[:5]]
    assert [width / widths[0] for width in widths] == pytest.approx([v / values[0] for v in values], rel=0.01)


def test_the_table_holds_value_interval_and_counts_and_the_whole(release):
    figure = draw_quintile_bars(release, "bowel_screening")
    assert figure.columns == (
        "Deprivation (national fifths, Index of Multiple Deprivation 2025; 1 = most deprived)",
        "Value",
        "95% interval",
        "Numerator",
        "Denominator",
    )
    assert figure.rows[0] == ("1: most deprived fifth", "59.9%", "56.3% to 63.3%", "440", "735")
    assert figure.rows[-2] == ("Area unknown", "suppressed", "none", "suppressed", "suppressed")
    assert figure.rows[-1][0] == "Samplebury overall"


def test_a_suppressed_fifth_stays_in_its_place_without_a_bar(changed_release, look):
    figure = draw_quintile_bars(changed_release(values=hide("imd_quintile", "2")), "bowel_screening")
    picture = look(figure.svg)
    assert len(picture.layer("bars")) == 4
    assert picture.texts("values")[1] == "suppressed"
    assert figure.rows[1] == ("2", "suppressed", "none", "suppressed", "suppressed")


def test_a_withheld_value_is_nowhere_in_the_figure_even_where_the_release_holds_it(changed_release):
    """Were a table ever to carry a number beside the note 'suppressed', the chart would not tell it."""

    def mark(values: pl.DataFrame) -> pl.DataFrame:
        chosen = (pl.col("cut") == "imd_quintile") & (pl.col("category") == "2")
        return values.with_columns(
            pl.when(chosen).then(pl.lit("suppressed")).otherwise(pl.col("value_note")).alias("value_note"),
            pl.when(chosen).then(None).otherwise(pl.col("numerator")).alias("numerator"),
            pl.when(chosen).then(None).otherwise(pl.col("denominator")).alias("denominator"),
        )

    figure = draw_quintile_bars(changed_release(values=mark), "bowel_screening")
    assert "62.9" not in repr(asdict(figure))


def test_a_fifth_that_the_place_does_not_have_is_no_data(changed_release, look):
    release = changed_release(values=lambda values: values.filter(pl.col("category") != "5"))
    figure = draw_quintile_bars(release, "bowel_screening")
    assert figure.rows[4] == ("5: least deprived fifth", "no data", "none", "no data", "no data")
    assert figure.summary.endswith("the least deprived fifth has no data.")


def test_an_area_without_any_figure_still_has_a_table(release, look):
    figure = draw_quintile_bars(release, "bowel_screening", area_type="ward", area_code="nowhere")
    assert {row[1] for row in figure.rows} == {"no data"}
    assert look(figure.svg).layer("bars") == []
    assert figure.summary == "There are no figures by deprivation here."


def test_zero_is_a_value_and_not_a_gap_in_the_data(changed_release, look):
    chosen = (pl.col("cut") == "imd_quintile") & (pl.col("category") == "2")

    def empty(values: pl.DataFrame) -> pl.DataFrame:
        zeros = {"numerator": 0, "value": 0.0, "lower_cl": 0.0}
        return values.with_columns(
            *(pl.when(chosen).then(pl.lit(z)).otherwise(pl.col(n)).alias(n) for n, z in zeros.items()),
            pl.when(chosen).then(pl.lit("zero")).otherwise(pl.col("value_note")).alias("value_note"),
        )

    picture = look(draw_quintile_bars(changed_release(values=empty), "bowel_screening").svg)
    assert len(picture.layer("whiskers")) == 5
    assert picture.texts("values")[1] == "0%"


def test_a_rate_is_drawn_with_its_unit_on_the_axis(release, look):
    figure = draw_quintile_bars(release, "copd_emergency_admissions")
    picture = look(figure.svg)
    assert "per 100,000" in "".join(picture.root.itertext())
    assert picture.texts("values")[0] == "216.9"
    assert picture.texts("values")[4] == "too few events"
    assert figure.rows[0][1] == "216.9 per 100,000"


@pytest.mark.parametrize(("detail", "count"), [("16", 19), ("5", 8)])
def test_every_ethnic_group_has_a_row_published_or_not(release, look, detail, count):
    figure = draw_ethnic_group_bars(release, "bowel_screening", detail=detail)
    assert len(look(figure.svg).texts("labels")) == count
    assert len(figure.rows) == count + 1


def test_groups_are_sorted_and_people_without_a_group_come_last_in_grey(release, look):
    picture = look(draw_ethnic_group_bars(release, "bowel_screening", detail="5").svg)
    assert picture.texts("labels") == [
        "White",
        "Black",
        "Asian",
        "Mixed",
        "Other",
        "Not stated",
        "Not known",
        "Missing from the record",
    ]
    assert [bar.get("fill") for bar in picture.layer("bars")] == [BAR] * 3 + [UNRECORDED_BAR] * 3


def test_a_suppressed_group_is_written_and_counted(changed_release, look):
    figure = draw_ethnic_group_bars(changed_release(values=hide("ethnic_group", "J")), "bowel_screening")
    labels = look(figure.svg).texts("labels")
    assert look(figure.svg).texts("values")[labels.index("Pakistani")] == "suppressed"
    assert "1 group is suppressed" in figure.summary


def test_an_unknown_ethnic_detail_is_refused(release):
    with pytest.raises(InputError, match="choose 16 or 5"):
        draw_ethnic_group_bars(release, "bowel_screening", detail="19")


def test_the_map_has_a_shape_and_a_tooltip_for_each_area(release, look):
    figure = draw_map(release, "smi_annual_health_check", area_type="lsoa")
    picture = look(figure.svg)
    names = release.area_names
    tooltips = picture.tooltips("areas")
    assert len(tooltips) == 12
    assert "Samplebury 001A: 50.0% (33.2% to 66.8%)" in tooltips
    assert f"{names['lsoa', SUPPRESSED_LSOA]}: suppressed" in tooltips
    assert f"{names['lsoa', ZERO_LSOA]}: 0% (0.0% to 9.9%)" in tooltips
    assert f"{names['lsoa', MISSING_LSOA]}: no data" in tooltips


def test_each_area_of_a_map_leads_to_its_page_and_in_a_file_to_nowhere(release, look):
    address = "/areas/{}/{}/".format
    figure = draw_map(release, "smi_annual_health_check", area_type="lsoa", link_to=address)
    areas = look(figure.svg).layer("areas")
    assert len(areas) == 12
    said = {mark.get("href"): mark[0][0].text for mark in areas}
    assert said["/areas/lsoa/X01000001A/"] == "Samplebury 001A: 50.0% (33.2% to 66.8%)"
    assert said[f"/areas/lsoa/{SUPPRESSED_LSOA}/"].endswith(": suppressed")
    assert {mark.get("tabindex") for mark in areas} == {"-1"}
    file = render_svg(figure, ["Source"])
    assert "href" not in file
    assert file.count("<path") == figure.svg.count("<path")


def test_suppressed_areas_are_hatched_and_in_the_legend(release, look):
    figure = draw_map(release, "smi_annual_health_check", area_type="lsoa")
    picture = look(figure.svg)
    fills = dict(zip(picture.tooltips("areas"), (a.get("fill") for a in picture.layer("areas")), strict=True))
    assert fills["Samplebury 003D: suppressed"] == f"url(#{figure.id}-hatch)"
    assert fills["Samplebury 003B: no data"] not in {*BLUES, f"url(#{figure.id}-hatch)"}
    assert any("Suppressed: too few people" in text for text in picture.texts("legend"))


def test_people_without_an_area_are_in_the_table_of_the_map(release):
    figure = draw_map(release, "bowel_screening")
    assert figure.rows[-1][0] == "Area unknown"
    assert [row[0] for row in figure.rows[:-1]] == ["Fairfield & Vale", "Mill Bank", "Old Town"]


def test_a_release_without_boundaries_still_has_legend_and_table(changed_release, look):
    figure = draw_map(changed_release(boundaries=lambda table: table.head(0)), "bowel_screening")
    assert look(figure.svg).layer("areas") == []
    assert look(figure.svg).texts("legend")
    assert len(figure.rows) == 4


def test_maps_of_other_kinds_of_area_are_refused(release):
    with pytest.raises(InputError, match='no maps of "ltla"'):
        draw_map(release, "bowel_screening", area_type="ltla")


def test_against_the_place_each_area_has_the_shade_of_the_releases_own_comparison(release, look):
    figure = draw_map(release, "smi_annual_health_check", area_type="lsoa", classes="benchmark")
    picture = look(figure.svg)
    fills = dict(zip(picture.tooltips("areas"), (a.get("fill") for a in picture.layer("areas")), strict=True))
    rows = release.latest_values.filter(
        indicator_id="smi_annual_health_check", area_type="lsoa", cut="all", value_note="published"
    )
    said = {
        release.area_names["lsoa", code]: one for code, one in rows.select("area_code", "comparison").rows()
    }
    shades = {"worse": BLUES[4], "similar": BLUES[2], "better": BLUES[0]}
    found = {
        name: (tooltip.rpartition(", ")[2], fill)
        for tooltip, fill in fills.items()
        for name in said
        if tooltip.startswith(f"{name}: ")
    }
    assert set(said.values()) >= {"better", "similar"}
    assert found == {
        name: (f"{one} {'than' if one != 'similar' else 'to'} the place", shades[one])
        for name, one in said.items()
    }
    assert fills["Samplebury 003D: suppressed"] == f"url(#{figure.id}-hatch)"
    legend = " ".join(picture.texts("legend"))
    assert "Better than Samplebury (" in legend
    assert "Suppressed: too few people" in legend


def test_maps_by_class_and_against_the_place_are_two_pictures(release):
    figures = [draw_map(release, "bowel_screening", classes=one) for one in ("quantiles", "benchmark")]
    assert len({figure.id for figure in figures}) == 2
    assert figures[0].rows == figures[1].rows


def test_the_ranking_draws_a_dot_and_an_interval_for_each_community(release, look):
    figure = draw_ranking(release, "bowel_screening", "msoa_ethnic_group", top=4)
    picture = look(figure.svg)
    assert len(picture.layer("dots")) == len(picture.layer("whiskers")) == len(figure.rows) == 4
    assert picture.texts("labels")[0] == "Old Town: Pakistani"
    assert figure.rows[0] == ("Old Town: Pakistani", "1", "185 (160 to 210)", "395", "210", "96%")
    assert figure.summary.startswith(
        "Most are missing out in Old Town (Pakistani): about 185 (160 to 210) people."
    )


def test_suppressed_counts_of_a_ranked_community_say_so(release):
    figure = draw_ranking(release, "bowel_screening", "lsoa", top=12)
    assert figure.rows[11][3:5] == ("suppressed", "suppressed")


def test_small_areas_are_ranked_by_name_alone(release, look):
    assert look(draw_ranking(release, "all", "lsoa").svg).texts("labels")[0] == "Samplebury 001A"


@pytest.mark.parametrize(
    ("service", "community", "message"),
    [
        ("bowel_screning", "lsoa", 'Did you mean "bowel_screening"'),
        ("bowel_screening", "msoa", "ranks no community_type"),
    ],
)
def test_a_ranking_that_is_not_there_is_refused_with_the_nearest_name(release, service, community, message):
    with pytest.raises(InputError, match=message):
        draw_ranking(release, service, community)


def test_an_unknown_indicator_is_refused_with_the_nearest_name(release):
    with pytest.raises(InputError, match='Did you mean "bowel_screening"'):
        draw_quintile_bars(release, "bowel_screning")


def test_an_area_type_without_a_code_is_refused(release):
    with pytest.raises(InputError, match="area_code is missing"):
        draw_quintile_bars(release, "bowel_screening", area_type="msoa")


def test_the_latest_period_is_drawn(changed_release):
    def add_earlier(values: pl.DataFrame) -> pl.DataFrame:
        earlier = values.with_columns(
            pl.lit("2023-04-01 to 2024-03-31").alias("period"), pl.lit(1.0).alias("value")
        )
        return pl.concat([values, earlier])

    figure = draw_quintile_bars(changed_release(values=add_earlier), "bowel_screening")
    assert figure.rows[0][1] == "59.9%"


def test_hostile_names_are_text_and_nothing_else(changed_release, look):
    release = changed_release(areas=lambda areas: areas.with_columns(pl.lit(HOSTILE).alias("area_name")))
    for figure in draw_all(release):
        picture = look(figure.svg)
        assert picture.tags() <= ELEMENTS | {"title", "desc"}
        assert "<script" not in figure.svg
        assert "\x00" not in figure.svg
    assert '<script>alert("1")</script> & \'' in figure.rows[0][0]


def test_long_names_are_cut_in_the_picture_and_whole_in_the_table(changed_release, look):
    release = changed_release(
        areas=lambda areas: areas.with_columns(pl.lit("Long name " * 40).alias("area_name"))
    )
    figure = draw_ranking(release, "bowel_screening", "msoa_ethnic_group", top=1)
    lines = look(figure.svg).texts("labels")
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert figure.rows[0][0].endswith("Long name: Pakistani")


def test_an_id_is_safe_whatever_the_area_code(release):
    figure = draw_quintile_bars(release, "bowel_screening", area_type="practice", area_code='"><b')
    assert re.fullmatch(r"[a-z0-9-]+", figure.id)


def test_the_place_is_meant_where_no_area_is_named(release):
    named = draw_quintile_bars(release, "bowel_screening", area_type="place", area_code=PLACE)
    assert draw_quintile_bars(release, "bowel_screening") == named


def test_without_the_drawing_library_one_sentence_says_what_to_install(release, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(EvengroundError, match=r"install evenground\[web\]"):
        draw_quintile_bars(release, "bowel_screening")
