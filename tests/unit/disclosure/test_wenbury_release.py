"""The release of Wenbury, attacked by a program that shares no code with the audit.

It reads the tables as somebody outside does: each count of an indicator is an unknown between bounds, parts
add up to wholes, and HiGHS says how low and how high a hidden one can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from scipy.optimize import linprog

from evenground.disclosure import load_policy
from evenground.releases import Release, current_release
from evenground.vocabulary import ETHNIC_GROUP_TO_5
from evenground.workspace import load_workspace

POLICY = load_policy("nhs-7-5")
Group = tuple[str, str, str, str]
GROUP = ["area_type", "area_code", "cut", "category"]
INDICATORS = ("hypertension_prevalence", "smi_blood_pressure", "copd_flu_vaccination", "bowel_screening")
TRIED = 12


@pytest.fixture(scope="module")
def release(wenbury_template) -> Release:
    return current_release(load_workspace(wenbury_template).releases)


def read_bounds(values: pl.DataFrame, part: str) -> tuple[np.ndarray, np.ndarray]:
    """What a reader sees of each count: its rounding, or that it is hidden, small or not."""
    layer = ["area_type", "cut", pl.when(pl.col("cut") == "all").then(pl.lit("")).otherwise("area_code")]
    marked = values.with_columns(pl.col("denominator").is_null().all().over(layer).alias("whole"))
    shown = marked[part].cast(pl.Float64).fill_null(np.nan).to_numpy()
    # Where a whole layer is hidden, or the denominator, a hidden count may be nothing at all.
    maybe_none = (pl.col("whole") | (pl.col("denominator").is_null() & (part == "numerator"))).alias("none")
    least = np.where(marked.select(maybe_none).to_series().to_numpy(), 0.0, 1.0)
    nobody = (marked["value_note"] == "missing").to_numpy()
    lower = np.where(np.isnan(shown), np.where(nobody, 0.0, least), np.maximum(shown - 2, 8))
    upper = np.where(np.isnan(shown), np.where(nobody, 0.0, np.inf), shown + 2)
    is_zero = shown == 0
    return np.where(is_zero, 0.0, lower), np.where(is_zero, 0.0, upper)


def list_sums(values: pl.DataFrame, areas: pl.DataFrame) -> list[tuple[int, list[int]]]:
    """The rows that add up to a row: breakdowns of an area to it, and smaller areas to larger ones."""
    place = areas.filter(pl.col("area_type") == "place")["area_code"].item()
    lsoas = areas.filter(pl.col("area_type") == "lsoa").rows_by_key("area_code", named=True, unique=True)
    number = {row: at for at, row in enumerate(values.select(GROUP).iter_rows())}
    sums: dict[tuple[str, ...], list[int]] = {}
    for row, at in number.items():
        wholes = [*wholes_of_category(*row), *wholes_of_area(*row, place, lsoas)]
        for kind, whole in wholes:
            sums.setdefault((kind, *whole), []).append(at)
    return [(number[key[1:]], parts) for key, parts in sums.items() if key[1:] in number]


def wholes_of_category(kind: str, code: str, cut: str, category: str) -> Iterator[tuple[str, Group]]:
    """What a category of a breakdown is a part of, in its own area."""
    if cut in {"sex", "age_band", "ethnic_group", "ethnic_group_5", "imd_quintile", "local_quintile"}:
        yield cut, (kind, code, "all", "all")
    if cut == "ethnic_group":
        yield "five", (kind, code, "ethnic_group_5", ETHNIC_GROUP_TO_5[category])
    if "*" in cut:
        for one, value in zip(cut.split("*"), category.split("*"), strict=True):
            yield f"{cut} {one}", (kind, code, one, value)


def wholes_of_area(
    kind: str, code: str, cut: str, _: str, place: str, lsoas: Mapping[str, Mapping[str, object]]
) -> Iterator[tuple[str, Group]]:
    """What an area is a part of."""
    if cut != "all" or kind not in {"lsoa", "msoa", "ward"}:
        return
    yield kind, ("place", place, "all", "all")
    if kind == "lsoa":
        nowhere = dict.fromkeys(
            ("parent_area_code", "ward_code", "imd_quintile", "local_quintile"), "unknown"
        )
        area = lsoas.get(code, nowhere)
        yield "lsoa msoa", ("msoa", str(area["parent_area_code"]), "all", "all")
        yield "lsoa ward", ("ward", str(area["ward_code"]), "all", "all")
        for fifth in ("imd_quintile", "local_quintile"):
            yield f"lsoa {fifth}", ("place", place, fifth, str(area[fifth]))


def range_of(
    row: int, bounds: tuple[np.ndarray, np.ndarray], sums: list[tuple[int, list[int]]]
) -> tuple[float, float]:
    """The least and the most that a count can be."""
    entries = [(at, part, 1.0) for at, (_, parts) in enumerate(sums) for part in parts]
    entries += [(at, whole, -1.0) for at, (whole, _) in enumerate(sums)]
    at, columns, weights = zip(*entries, strict=True)
    matrix = sparse.csr_array((weights, (at, columns)), shape=(len(sums), len(bounds[0])))
    target = np.zeros(len(bounds[0]))
    ends = []
    for sign in (1.0, -1.0):
        target[row] = sign
        found = linprog(target, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=np.column_stack(bounds))
        assert found.status in {0, 3}, found.message
        ends.append(sign * found.fun if found.status == 0 else np.inf)
    return ends[0], ends[1]


@pytest.mark.parametrize("part", ["numerator", "denominator"])
@pytest.mark.parametrize("indicator", INDICATORS)
def test_no_hidden_count_can_be_known_more_closely_than_the_policy_says(release, indicator, part):
    values = release.table("values").filter(pl.col("indicator_id") == indicator)
    bounds = read_bounds(values, part)
    sums = list_sums(values, release.table("areas"))
    assert len(sums) > 100
    hidden = np.flatnonzero(
        values[part].is_null().to_numpy() & (values["value_note"] != "missing").to_numpy()
    )
    assert len(hidden) > TRIED
    # The tightest first: those in sums where the most is shown, and some by chance.
    known = np.isfinite(bounds[1])
    beside = np.zeros(len(known))
    for whole, parts in sums:
        members = np.array([whole, *parts])
        beside[members] = np.maximum(beside[members], known[members].mean())
    order = hidden[np.argsort(-beside[hidden], kind="stable")]
    tried = {*order[: TRIED // 2], *np.random.default_rng(5).choice(hidden, TRIED // 2, replace=False)}
    for row in tried:
        least, most = range_of(int(row), bounds, sums)
        if most > 0 and least <= POLICY.suppress_to:
            assert np.floor(most + 1e-6) - np.ceil(least - 1e-6) + 1 >= POLICY.possible_values


def test_the_same_program_finds_a_count_that_is_shown_by_its_neighbours(release):
    """Hiding one category of a breakdown alone is no protection: the program sees it."""
    values = release.table("values").filter(pl.col("indicator_id") == INDICATORS[0])
    is_male = (pl.col("area_type") == "place") & (pl.col("cut") == "sex") & (pl.col("category") == "male")
    leak = values.with_columns(
        *(
            pl.when(is_male).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("numerator", "denominator")
        )
    )
    row = int(leak.with_row_index().filter(is_male)["index"].item())
    least, most = range_of(row, read_bounds(leak, "denominator"), list_sums(leak, release.table("areas")))
    true = values.filter(is_male)["denominator"].item()
    assert true - 40 <= least <= true <= most <= true + 40
