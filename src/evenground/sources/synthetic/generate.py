"""Person-level extracts of invented people, written as a provider would send them."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from evenground.codelists import SHIPPED, CodeList, find_codelists, load_codelist
from evenground.errors import DefinitionError, Fault, InputError
from evenground.sources.synthetic.events import CODE_LISTS, Events, draw_events
from evenground.sources.synthetic.margins import RECORDED_GROUPS, Margins
from evenground.sources.synthetic.model import FaultShares, Model, load_model
from evenground.sources.synthetic.outcomes import Outcomes, PlantedGap, draw_outcomes
from evenground.sources.synthetic.people import (
    DIED,
    HERE,
    LEFT,
    NO_FIXED_ABODE,
    NO_PRACTICE,
    People,
    day_number,
    draw_people,
)
from evenground.sources.synthetic.truth import UNRECORDED, OnRecord, build_truth
from evenground.workspace import write_atomically

GENERATOR_VERSION: Final = 1
"""Goes up when the same margins, size and seed give other data."""

Progress = Callable[[str, float], None]

_MAIN_SYSTEM: Final = "snomed_ct"
_PSEUDONYM: Final = b"WB"
_DIGITS: Final = 8
_ROW_GROUP: Final = 262_144
_RANGED_LISTS: Final = (
    "systolic_blood_pressure",
    "diastolic_blood_pressure",
    "body_mass_index",
    "hba1c",
    "cholesterol",
)


@dataclass(frozen=True, slots=True)
class GeneratedPlace:
    """What was written: SECURE files of invented people.

    ``events`` has one file a code system. ``planted`` counts every fault planted, by kind.
    """

    folder: Path
    persons: Path
    events: dict[str, Path]
    truth: Path
    person_rows: int
    event_rows: int
    planted: dict[str, int]
    gaps: tuple[PlantedGap, ...]


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the extract shows of people where it differs from what is so."""

    ethnic_category: npt.NDArray[np.int8]
    sex: npt.NDArray[np.int8]
    planted: dict[str, int]

    def for_truth(self) -> OnRecord:
        """What a calculation on the extract can know of each person."""
        known = self.ethnic_category < len(RECORDED_GROUPS)
        group = np.where(known, self.ethnic_category, UNRECORDED).astype(np.int8)
        return OnRecord(group, self.sex != _SEX_CODES.index("9"))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Everything drawn. ``number`` gives each person, then each stranger, the number of their pseudonym."""

    people: People
    recorded: _Recorded
    outcomes: Outcomes
    events: Events
    planted: dict[str, int]
    number: npt.NDArray[np.int64]


_ETHNIC_CATEGORIES: Final = (*RECORDED_GROUPS, "Z", "99", "")
_SEX_CODES: Final = ("1", "2", "9")


def generate_place(
    margins: Margins,
    folder: Path,
    *,
    size: int | None = None,
    seed: int,
    as_at: dt.date,
    codelists: Mapping[str, CodeList] | None = None,
    model: Model | None = None,
    progress: Progress | None = None,
) -> GeneratedPlace:
    """Invent a place's people and their coded events, and write them to a folder.

    The same arguments give the same bytes. Written are ``persons.parquet``, ``events.parquet`` (SNOMED CT),
    ``events_<system>.parquet`` for any other code system, ``truth.csv`` and ``truth.json``.

    Parameters
    ----------
    size
        How many residents; the margins' own total where not given. People of no fixed abode, and those who
        died or left, come on top.
    as_at
        The date of the data. Only planted faults are later.
    codelists
        The code lists of :data:`~evenground.sources.synthetic.events.CODE_LISTS` by id; those that ship where
        not given.
    progress
        Called with what is being done and the share done, 0 to 1.

    Raises
    ------
    InputError
        Where ``size`` is not above 0.
    DefinitionError
        Where a code list is missing or lacks a category.
    """
    if size is not None and size < 1:
        raise InputError(f"The size of the synthetic Place is {size}. Give a number above 0.")
    model = model or load_model()
    lists = codelists if codelists is not None else load_shipped_codelists()
    _require_codelists(lists)
    tell = progress or _be_quiet
    drawn = _draw(margins, size or margins.total, seed, as_at, lists, model, tell)
    people, events = drawn.people, drawn.events
    tell("Saving people", 0.55)
    folder.mkdir(parents=True, exist_ok=True)
    persons = _write_persons(folder / "persons.parquet", people, drawn.recorded, margins, drawn.number)
    tell("Saving events", 0.6)
    paths = _write_events(folder, events, drawn.number)
    tell("Saving the truth", 0.95)
    truth = build_truth(people, drawn.recorded.for_truth(), drawn.outcomes, margins)
    gaps = tuple(drawn.outcomes.gaps)
    place = GeneratedPlace(
        folder, persons, paths, folder / "truth.json", len(people), len(events), drawn.planted, gaps
    )
    about = {"seed": seed, "size": int(people.resident.sum()), "as_at": as_at.isoformat()}
    _write_truth(place, truth, people, drawn.outcomes, model, about)
    tell("The synthetic Place is ready", 1.0)
    return place


def _draw(
    margins: Margins,
    size: int,
    seed: int,
    as_at: dt.date,
    codelists: Mapping[str, CodeList],
    model: Model,
    tell: Progress,
) -> _Drawn:
    """Everything that chance decides, from one stream of random numbers."""
    rng = np.random.default_rng([seed, GENERATOR_VERSION])
    tell("Inventing people", 0.0)
    people = draw_people(margins, size, as_at, model.faults, rng)
    recorded = _record(people, model.faults, rng)
    tell("Deciding who has what and whom services reach", 0.15)
    outcomes = draw_outcomes(people, margins, model, rng)
    tell("Writing coded events of their care", 0.35)
    events = draw_events(people, outcomes, model, codelists, as_at, rng)
    events, event_faults = _plant_event_faults(events, model.faults, len(people), as_at, rng)
    number = rng.permutation(len(people) + event_faults["unknown_person_events"])
    return _Drawn(people, recorded, outcomes, events, recorded.planted | event_faults, number)


def load_shipped_codelists() -> dict[str, CodeList]:
    """The code lists that events are coded with, as they ship."""
    paths = find_codelists(SHIPPED)
    return {name: load_codelist(paths[name]) for name in CODE_LISTS if name in paths}


def _be_quiet(what: str, share: float) -> None:
    """The progress of somebody who did not ask for any."""


def _require_codelists(codelists: Mapping[str, CodeList]) -> None:
    missing = [name for name in dict.fromkeys(CODE_LISTS) if name not in codelists]
    if missing:
        fault = Fault("codelists", f"lack {', '.join(missing)}.", "Add the files to the code list folder.")
        raise DefinitionError("The synthetic Place cannot be made.", [fault])


def _record(people: People, faults: FaultShares, rng: np.random.Generator) -> _Recorded:
    """What is on record of ethnic group and sex; every fault is counted."""
    category = people.ethnic_group.copy()
    draw = rng.random(len(people))
    edges = np.cumsum([faults.ethnic_not_stated, faults.ethnic_not_known, faults.ethnic_blank])
    kind = np.searchsorted(edges, draw, side="right")
    category[kind < 3] = (len(RECORDED_GROUPS) + kind[kind < 3]).astype(np.int8)
    sex = people.female.astype(np.int8)
    indeterminate = rng.random(len(people)) < faults.sex_indeterminate
    sex[indeterminate] = _SEX_CODES.index("9")
    planted = {
        "persons_ethnic_not_stated": int((kind == 0).sum()),
        "persons_ethnic_not_known": int((kind == 1).sum()),
        "persons_ethnic_blank": int((kind == 2).sum()),
        "persons_sex_indeterminate": int(indeterminate.sum()),
        "persons_no_fixed_abode": int((people.lsoa == NO_FIXED_ABODE).sum()),
        "persons_died": int((people.status == DIED).sum()),
        "persons_left": int((people.status == LEFT).sum()),
    }
    return _Recorded(category, sex, planted)


def _plant_event_faults(
    events: Events, faults: FaultShares, persons: int, as_at: dt.date, rng: np.random.Generator
) -> tuple[Events, dict[str, int]]:
    """Add to the right events: copies, impossible values, dates to come, people nobody knows."""
    total, today = len(events), day_number(as_at)
    copies = _some(rng, np.arange(total), round(faults.duplicate_events * total))
    ranged = np.isin(events.code, [code for name in _RANGED_LISTS for code in events.lists[name]])
    wild = _some(rng, np.flatnonzero(ranged), round(faults.values_out_of_range * total))
    later = _some(rng, np.arange(total), round(faults.future_events * total))
    strangers = _some(rng, np.arange(total), round(faults.unknown_person_events * total))
    wild_value = np.where(rng.random(len(wild)) < 0.4, 0.0, events.value[wild] * 10)
    rows = np.concatenate([np.arange(total), copies, wild, later, strangers])
    value = events.value[rows]
    day = events.day[rows]
    person = events.person[rows]
    value[total + len(copies) :][: len(wild)] = wild_value
    day[len(rows) - len(strangers) - len(later) : len(rows) - len(strangers)] = (
        today + 1 + np.floor(rng.random(len(later)) * 400).astype(np.int32)
    )
    person[len(rows) - len(strangers) :] = persons + np.arange(len(strangers))
    planted = {
        "duplicate_events": len(copies),
        "values_out_of_range": len(wild),
        "future_events": len(later),
        "unknown_person_events": len(strangers),
    }
    return replace(events, person=person, code=events.code[rows], day=day, value=value), planted


def _some(rng: np.random.Generator, rows: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    if not len(rows):
        return rows
    return rows[np.unique(np.floor(rng.random(count) * len(rows)).astype(np.int64))]


def _patient_ids(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Pseudonyms of one width, ``WB`` and eight digits, laid out as bytes."""
    width = len(_PSEUDONYM) + _DIGITS
    letters = np.empty((len(numbers), width), dtype=np.uint8)
    letters[:, : len(_PSEUDONYM)] = np.frombuffer(_PSEUDONYM, dtype=np.uint8)
    letters[:, len(_PSEUDONYM) :] = numbers[:, None] // 10 ** np.arange(_DIGITS - 1, -1, -1) % 10 + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * width
    return pa.Array.from_buffers(
        pa.string(), len(numbers), [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    )


def _coded(indices: npt.NDArray[Any], values: Sequence[str]) -> pa.DictionaryArray:
    index = _arrow(indices.astype(np.int32), pa.int32())
    return pa.DictionaryArray.from_arrays(index, _strings(values))


def _strings(values: Sequence[str]) -> pa.Array:
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


def _dates(days: npt.NDArray[np.int32], present: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return _arrow(days.astype(np.int32), pa.date32(), present)


def _arrow(
    values: npt.NDArray[Any], kind: pa.DataType, present: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """NumPy's memory as an Arrow array.

    Not ``pa.array``, which imports pandas wherever it is installed: seconds for nothing.
    """
    bitmap = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [bitmap, data])


def _write_persons(
    path: Path, people: People, recorded: _Recorded, margins: Margins, number: npt.NDArray[np.int64]
) -> Path:
    """Persons in the order of their pseudonyms, which says nothing of where they live."""
    number = number[: len(people)]
    order = np.argsort(number)
    one = people.take(order)
    table = pa.table(
        {
            "patient_id": _patient_ids(number[order]),
            "date_of_birth": _dates(one.birth_day),
            "sex": _coded(recorded.sex[order], _SEX_CODES),
            "ethnic_category": _coded(recorded.ethnic_category[order], _ETHNIC_CATEGORIES),
            "lsoa_code": _coded(
                np.where(one.lsoa == NO_FIXED_ABODE, margins.areas.height, one.lsoa),
                [*margins.areas["lsoa_code"], ""],
            ),
            "practice_code": _coded(
                np.where(one.practice == NO_PRACTICE, margins.practices.height, one.practice),
                [*margins.practices["practice_code"], ""],
            ),
            "date_of_death": _dates(one.last_day, one.status == DIED),
            "deregistered_on": _dates(one.last_day, one.status != HERE),
        }
    )
    _write_parquet(path, table.schema, [table])
    return path


def _write_events(folder: Path, events: Events, number: npt.NDArray[np.int64]) -> dict[str, Path]:
    """One file a code system, in the order of pseudonyms."""
    patient = number[events.person]
    # The place of the event breaks ties, so that the order is the same on every machine.
    order = np.sort((patient << np.int64(32)) | np.arange(len(patient))) & np.int64(0xFFFFFFFF)
    systems = sorted({system for system, _ in events.codes}, key=lambda one: (one != _MAIN_SYSTEM, one))
    number_of_code = np.array([systems.index(system) for system, _ in events.codes], dtype=np.int8)
    in_order = number_of_code[events.code[order]]
    paths = {}
    for at, system in enumerate(systems):
        name = "events.parquet" if system == _MAIN_SYSTEM else f"events_{system}.parquet"
        paths[system] = folder / name
        rows = order[in_order == at]
        _write_parquet(paths[system], _EVENT_SCHEMA, _event_tables(events, patient, rows))
    return paths


_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_EVENT_SCHEMA: Final = pa.schema(
    [("patient_id", _TEXT), ("code", _TEXT), ("date", pa.date32()), ("value", pa.float64())]
)


def _event_tables(
    events: Events, patient: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> list[pa.Table]:
    codes = [code for _, code in events.codes]
    tables = []
    for start in range(0, max(len(rows), 1), _ROW_GROUP):
        part = rows[start : start + _ROW_GROUP]
        numbers = patient[part]
        # The rows are in the order of patients, so each one's first row gives its place in the dictionary.
        first = np.diff(numbers, prepend=-1) != 0
        index = _arrow((np.cumsum(first) - 1).astype(np.int32), pa.int32())
        value = events.value[part]
        columns = [
            pa.DictionaryArray.from_arrays(index, _patient_ids(numbers[first])),
            _coded(events.code[part], codes),
            _dates(events.day[part]),
            _arrow(value, pa.float64(), ~np.isnan(value)),
        ]
        tables.append(pa.Table.from_arrays(columns, schema=_EVENT_SCHEMA))
    return tables


def _write_parquet(path: Path, schema: pa.Schema, tables: list[pa.Table]) -> None:
    """Write whole or not at all. Dictionary columns are stored so, and read back as plain text."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd", store_schema=False) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=_ROW_GROUP)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_truth(
    place: GeneratedPlace,
    truth: pl.DataFrame,
    people: People,
    outcomes: Outcomes,
    model: Model,
    about: dict[str, Any],
) -> None:
    write_atomically(place.truth.with_suffix(".csv"), truth.write_csv().encode())
    here = people.resident
    groups = np.bincount(people.ethnic_group[here], minlength=len(RECORDED_GROUPS))
    content = {
        "classification": "SECURE. Invented people, no real person. Never publish.",
        "generator_version": GENERATOR_VERSION,
        "model_version": model.version,
        **about,
        "rows": {"persons": place.person_rows, "events": place.event_rows},
        "residents": int(here.sum()),
        "residents_by_true_ethnic_group": dict(zip(RECORDED_GROUPS, groups.tolist(), strict=True)),
        "planted": place.planted,
        "planted_gaps": [asdict(gap) for gap in place.gaps],
        "levels": {
            name: {
                "eligible": int(here[one.rows].sum()),
                "mean_probability": round(float(one.probability[here[one.rows]].mean()), 6)
                if here[one.rows].any()
                else None,
                "happened": int(one.happened[here[one.rows]].sum()),
            }
            for name, one in outcomes.drawn.items()
        },
    }
    write_atomically(place.truth, (json.dumps(content, indent=1) + "\n").encode())
