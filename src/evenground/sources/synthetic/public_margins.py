"""Margins of a real place from what the ONS and MHCLG publish.

Published tables never hold all that :class:`~evenground.sources.synthetic.margins.Margins` needs, so gaps are
filled from the district the LSOAs lie in:

- Census 2021 gives small areas six broad age groups: single years are shared out as in the district.
- No table splits LSOAs by sex: women's share by age is the district's.
- Small areas have five ethnic groups: each is shared out over the NHS codes as in the district, so who lives
  close to whom *within* the five is lost.
- Census counts are perturbed, so an LSOA's total differs by a few between tables. The age table's total is
  kept and the ethnic groups are scaled to it.
- LSOAs of 2011 and of 2021 share most codes but not all: a join on the code loses the rest in silence, so
  every table must hold exactly the LSOAs of ``areas``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenground.errors import Fault, SourceError
from evenground.geography import AREA_COLUMNS, PRACTICE_COLUMNS
from evenground.sources.synthetic.margins import (
    RECORDED_GROUPS,
    REGISTRATION_COLUMNS,
    SEXES,
    IntArray,
    Margins,
    allocate,
)
from evenground.vocabulary import AGE_BANDS, ETHNIC_GROUP_TO_5

_OLDEST: Final = 90
_BAND_OF_YEAR: Final = np.minimum(np.arange(_OLDEST + 1) // 5, len(AGE_BANDS) - 1)

CENSUS_GROUPS_5: Final = {
    "Asian, Asian British or Asian Welsh": "asian",
    "Black, Black British, Black Welsh, Caribbean or African": "black",
    "Mixed or Multiple ethnic groups": "mixed",
    "Other ethnic group": "other",
    "White": "white",
}
"""Census 2021's five high-level groups."""

CENSUS_GROUPS_19: Final = {
    "White: English, Welsh, Scottish, Northern Irish or British": "A",
    "White: Irish": "B",
    # The NHS codes of 2001 have no code for the next two: they stand with Other White.
    "White: Gypsy or Irish Traveller": "C",
    "White: Roma": "C",
    "White: Other White": "C",
    "Mixed or Multiple ethnic groups: White and Black Caribbean": "D",
    "Mixed or Multiple ethnic groups: White and Black African": "E",
    "Mixed or Multiple ethnic groups: White and Asian": "F",
    "Mixed or Multiple ethnic groups: Other Mixed or Multiple ethnic groups": "G",
    "Asian, Asian British or Asian Welsh: Indian": "H",
    "Asian, Asian British or Asian Welsh: Pakistani": "J",
    "Asian, Asian British or Asian Welsh: Bangladeshi": "K",
    "Asian, Asian British or Asian Welsh: Other Asian": "L",
    "Asian, Asian British or Asian Welsh: Chinese": "R",
    "Black, Black British, Black Welsh, Caribbean or African: Caribbean": "M",
    "Black, Black British, Black Welsh, Caribbean or African: African": "N",
    "Black, Black British, Black Welsh, Caribbean or African: Other Black": "P",
    "Other ethnic group: Arab": "S",
    "Other ethnic group: Any other ethnic group": "S",
}
"""Census 2021's 19 groups (table TS021) and the NHS code of 2001 that each falls under."""


def build_margins(
    areas: pl.DataFrame,
    *,
    population: pl.DataFrame,
    single_years: pl.DataFrame,
    sexes: pl.DataFrame,
    ethnic_groups: pl.DataFrame,
    detailed_groups: pl.DataFrame,
    practices: pl.DataFrame | None = None,
    registrations: pl.DataFrame | None = None,
) -> Margins:
    """Margins from small-area tables, with the district's pattern where they are too coarse.

    Parameters
    ----------
    areas
        ``geography.AREA_COLUMNS``, one row an LSOA.
    population
        ``lsoa_code, age_from, age_to, population``: age groups that do not overlap; ``age_to`` is null for
        the open one.
    single_years
        ``age, population`` of the district, 0 to 90; 90 holds everybody of 90 and over.
    sexes
        ``age_from, females, males`` of the district: age groups by where they begin.
    ethnic_groups
        ``lsoa_code, ethnic_group_5, population`` with the groups of ``vocabulary.ETHNIC_GROUPS_5``.
    detailed_groups
        ``ethnic_group, population`` of the district by NHS code.
    practices, registrations
        As in :class:`~evenground.sources.synthetic.margins.Margins`; none where not given.

    Raises
    ------
    SourceError
        Where a table does not hold exactly the LSOAs of ``areas``.
    """
    areas = areas.select(AREA_COLUMNS).sort("lsoa_code")
    lsoas = areas["lsoa_code"].to_list()
    _require_lsoas("population", population, lsoas)
    _require_lsoas("ethnic groups", ethnic_groups, lsoas)
    counts = _spread_ages(population, lsoas, _year_weights(single_years), _female_share(sexes))
    groups = _spread_groups(ethnic_groups, lsoas, detailed_groups, counts.sum(axis=(1, 2)))
    no_practices = pl.DataFrame(schema=dict.fromkeys(PRACTICE_COLUMNS, pl.String))
    no_registrations = pl.DataFrame(
        schema={name: pl.Int64 if name == "patients" else pl.String for name in REGISTRATION_COLUMNS}
    )
    return Margins(
        areas,
        no_practices if practices is None else practices.sort("practice_code"),
        counts,
        groups,
        no_registrations if registrations is None else registrations,
    )


def load_census_margins(
    ltla_code: str,
    *,
    age_groups: Path,
    single_years: Path,
    sexes: Path,
    ethnic_groups: Path,
    detailed_groups: Path,
    imd: Path,
    msoas: Path,
    wards: Path,
) -> Margins:
    """Margins of one district from public Census 2021, mid-2020 and IMD 2025 files (CSV, may be gzipped).

    Parameters
    ----------
    ltla_code
        GSS code of the district.
    age_groups
        ``lsoa21_code, age_group, usual_residents``, groups in the census's words.
    single_years
        One row a district: ``ltla21_code`` and a column a year, ``0`` to ``90+``.
    sexes
        One row a district: ``ltla21_code, total_females, total_males, younger_females`` ... ``older_males``.
    ethnic_groups
        ``lsoa21_code, ethnic_group, n`` with the census's five groups.
    detailed_groups
        ``ltla21_code, ethnic_group, value`` with the census's 19 groups, each marked ``(number)``.
    imd
        ``lsoa21_code, IMD_rank, IMD_decile``.
    msoas, wards
        Look-ups: ``lsoa21_code, lsoa21_name, msoa21_code, msoa21_name`` and ``LSOA21CD, WD22CD, WD22NM,
        LAD22CD, LAD22NM``.
    """
    areas = _read_areas(ltla_code, imd, msoas, wards)
    here = areas.select("lsoa_code")
    ages = pl.read_csv(age_groups).rename({"lsoa21_code": "lsoa_code"}).join(here, on="lsoa_code")
    five = pl.read_csv(ethnic_groups).rename({"lsoa21_code": "lsoa_code"}).join(here, on="lsoa_code")
    detailed = pl.read_csv(detailed_groups).filter(pl.col("ltla21_code") == ltla_code)
    return build_margins(
        areas,
        population=parse_age_groups(ages),
        single_years=_read_single_years(single_years, ltla_code),
        sexes=_read_sexes(sexes, ltla_code),
        ethnic_groups=five.select(
            "lsoa_code",
            pl.col("ethnic_group").replace_strict(CENSUS_GROUPS_5).alias("ethnic_group_5"),
            pl.col("n").alias("population"),
        ),
        detailed_groups=_parse_detailed_groups(detailed),
    )


def parse_age_groups(frame: pl.DataFrame) -> pl.DataFrame:
    """``lsoa_code, age_group, usual_residents`` in the census's words to ``age_from`` and ``age_to``.

    Raises
    ------
    SourceError
        With every group whose words are not understood.
    """
    labels = frame["age_group"].unique().sort().to_list()
    found = {label: _parse_age_group(label) for label in labels}
    faults = [
        Fault("age groups", f'"{label}" is not understood.', 'Write it like "Aged 16 to 24 years".')
        for label, ages in found.items()
        if ages is None
    ]
    if faults:
        raise SourceError("The margins cannot be read.", faults)
    ages = pl.DataFrame(
        [(label, *found[label]) for label in labels],  # type: ignore[misc]
        schema={"age_group": pl.String, "age_from": pl.Int64, "age_to": pl.Int64},
        orient="row",
    )
    return frame.join(ages, on="age_group").select(
        "lsoa_code", "age_from", "age_to", pl.col("usual_residents").alias("population")
    )


def _parse_age_group(label: str) -> tuple[int, int | None] | None:
    words = label.lower().replace("aged ", "").replace("years", "year")
    if match := re.fullmatch(r"(\d+) year and under", words):
        return 0, int(match[1])
    if match := re.fullmatch(r"(\d+) to (\d+) year", words):
        return int(match[1]), int(match[2])
    if match := re.fullmatch(r"(\d+) year and over", words):
        return int(match[1]), None
    return None


def _parse_detailed_groups(frame: pl.DataFrame) -> pl.DataFrame:
    numbers = frame.filter(pl.col("ethnic_group").str.ends_with("(number)"))
    code = pl.col("ethnic_group").str.replace(r"\s*\(number\)$", "").replace_strict(CENSUS_GROUPS_19)
    return (
        numbers.with_columns(code.alias("ethnic_group"))
        .group_by("ethnic_group")
        .agg(pl.col("value").sum().cast(pl.Int64).alias("population"))
        .sort("ethnic_group")
    )


def _read_areas(ltla_code: str, imd: Path, msoas: Path, wards: Path) -> pl.DataFrame:
    ward = pl.read_csv(wards, infer_schema=False).filter(pl.col("LAD22CD") == ltla_code)
    msoa = pl.read_csv(msoas, infer_schema=False)
    ranks = pl.read_csv(imd).select("lsoa21_code", "IMD_rank", "IMD_decile")
    joined = ward.join(msoa, left_on="LSOA21CD", right_on="lsoa21_code").join(
        ranks, left_on="LSOA21CD", right_on="lsoa21_code"
    )
    if joined.height != ward.height or not ward.height:
        what = f"hold {joined.height} of the {ward.height} LSOAs of {ltla_code}."
        fault = Fault("look-ups", what, "Check the district's code and that all are of LSOA 2021.")
        raise SourceError("The margins cannot be read.", [fault])
    return joined.select(
        pl.col("LSOA21CD").alias("lsoa_code"),
        pl.col("lsoa21_name").alias("lsoa_name"),
        pl.col("msoa21_code").alias("msoa_code"),
        pl.col("msoa21_name").alias("msoa_name"),
        pl.col("WD22CD").alias("ward_code"),
        pl.col("WD22NM").alias("ward_name"),
        pl.col("LAD22CD").alias("ltla_code"),
        pl.col("LAD22NM").alias("ltla_name"),
        pl.col("IMD_rank").cast(pl.Int64).alias("imd_rank"),
        pl.col("IMD_decile").cast(pl.Int64).alias("imd_decile"),
    ).sort("lsoa_code")


def _read_single_years(path: Path, ltla_code: str) -> pl.DataFrame:
    row = _one_row(path, ltla_code)
    years = [str(age) for age in range(_OLDEST)] + [f"{_OLDEST}+"]
    return pl.DataFrame({"age": range(_OLDEST + 1), "population": [int(row[name][0]) for name in years]})


def _read_sexes(path: Path, ltla_code: str) -> pl.DataFrame:
    """The published broad ages add up neither to the total nor to their names.

    Set against the small-area table, ``younger`` fits ages 0 to 16, ``working_age`` 17 to 65 and ``older`` 66
    to 75; those older than that are only in the totals.
    """
    row = _one_row(path, ltla_code)
    bands = ("younger", "working_age", "older")
    counts = {sex: [int(row[f"{band}_{sex}"][0]) for band in bands] for sex in ("females", "males")}
    for sex, parts in counts.items():
        parts.append(int(row[f"total_{sex}"][0]) - sum(parts))
    return pl.DataFrame({"age_from": [0, 17, 66, 76], **counts})


def _one_row(path: Path, ltla_code: str) -> pl.DataFrame:
    row = pl.read_csv(path).filter(pl.col("ltla21_code") == ltla_code)
    if row.height != 1:
        fault = Fault(path.name, f"holds {row.height} rows for {ltla_code}.", "One is needed.")
        raise SourceError("The margins cannot be read.", [fault])
    return row


def _require_lsoas(name: str, frame: pl.DataFrame, lsoas: list[str]) -> None:
    found = set(frame["lsoa_code"])
    missing, unknown = set(lsoas) - found, found - set(lsoas)
    if missing or unknown:
        first = min(missing or unknown)
        what = f"lack {len(missing)} LSOAs of the areas and hold {len(unknown)} others (first: {first})."
        fix = (
            "Use tables of one LSOA edition: codes of 2011 and 2021 differ where LSOAs were split or merged."
        )
        raise SourceError("The margins cannot be used.", [Fault(name, what, fix)])


def _year_weights(single_years: pl.DataFrame) -> npt.NDArray[np.float64]:
    weight = np.zeros(_OLDEST + 1)
    weight[single_years["age"].to_numpy()] = single_years["population"].to_numpy()
    return weight


def _female_share(sexes: pl.DataFrame) -> npt.NDArray[np.float64]:
    ordered = sexes.sort("age_from")
    both = (ordered["females"] + ordered["males"]).to_numpy()
    share = np.where(both > 0, ordered["females"].to_numpy() / np.maximum(both, 1), 0.5)
    band = np.searchsorted(ordered["age_from"].to_numpy(), np.arange(_OLDEST + 1), side="right") - 1
    return np.asarray(share[np.maximum(band, 0)])


def _spread_ages(
    population: pl.DataFrame,
    lsoas: list[str],
    years: npt.NDArray[np.float64],
    female: npt.NDArray[np.float64],
) -> IntArray:
    """``(LSOAs, 19 bands, 2 sexes)``: each age group's count kept, shared out within it."""
    row_of = {lsoa: at for at, lsoa in enumerate(lsoas)}
    counts = np.zeros((len(lsoas), len(AGE_BANDS), len(SEXES)), dtype=np.int64)
    by_sex = np.stack([years * female, years * (1 - female)], axis=1)
    for (first, last), group in population.group_by("age_from", "age_to", maintain_order=True):
        inside = np.zeros(_OLDEST + 1, dtype=bool)
        inside[int(str(first)) : _OLDEST + 1 if last is None else int(str(last)) + 1] = True
        weight = np.zeros((len(AGE_BANDS), len(SEXES)))
        np.add.at(weight, _BAND_OF_YEAR[inside], by_sex[inside])
        rows = [row_of[lsoa] for lsoa in group["lsoa_code"]]
        shared = allocate(np.tile(weight.ravel(), (len(rows), 1)), group["population"].to_numpy())
        np.add.at(counts, rows, shared.reshape(-1, len(AGE_BANDS), len(SEXES)))
    return counts


def _spread_groups(
    ethnic_groups: pl.DataFrame, lsoas: list[str], detailed: pl.DataFrame, totals: IntArray
) -> IntArray:
    """``(LSOAs, 16 groups)``: the five scaled to the LSOA's total, each shared out as in the district."""
    five = sorted({ETHNIC_GROUP_TO_5[code] for code in RECORDED_GROUPS})
    row_of = {lsoa: at for at, lsoa in enumerate(lsoas)}
    published = np.zeros((len(lsoas), len(five)))
    for lsoa, group, people in ethnic_groups.select("lsoa_code", "ethnic_group_5", "population").iter_rows():
        published[row_of[lsoa], five.index(group)] += people
    scaled = allocate(published, totals)
    share = dict(detailed.select("ethnic_group", "population").iter_rows())
    counts = np.zeros((len(lsoas), len(RECORDED_GROUPS)), dtype=np.int64)
    for column, group in enumerate(five):
        members = [at for at, code in enumerate(RECORDED_GROUPS) if ETHNIC_GROUP_TO_5[code] == group]
        weight = [share.get(RECORDED_GROUPS[at], 0) for at in members]
        counts[:, members] = _deal(scaled[:, column], np.array(weight, dtype=float))
    return counts


def _deal(sizes: IntArray, weight: npt.NDArray[np.float64]) -> IntArray:
    """Share the LSOAs' people of one of the five over its detailed groups.

    Rounding each LSOA by itself would leave groups of a hundred in a district nowhere. So the district's
    number of each is fixed first and dealt out like cards, each group at even distances.
    """
    total = int(sizes.sum())
    district = allocate([weight], [total])[0]
    kind = np.repeat(np.arange(len(district)), district)
    within = np.concatenate([np.arange(count) for count in district]) if total else np.array([])
    position = (within + 0.5) / np.maximum(district, 1)[kind] if total else within
    dealt = kind[np.argsort(np.round(position, 12), kind="stable")]
    lsoa = np.repeat(np.arange(len(sizes)), sizes)
    counts = np.zeros((len(sizes), len(district)), dtype=np.int64)
    np.add.at(counts, (lsoa, dealt), 1)
    return counts
