"""No message, report or log may hold anything that a row says of a person."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from typing import Any

import pytest

from evenground.errors import SourceError
from tests.support.extracts import EVENTS, PERSONS, Extract

PLANTED = ("9990000018", "Quillfeather", "13 Larkspur Row", "4.85E+09", "1911-11-11")
ROW = ["9990000018", "Quillfeather", "13 Larkspur Row", "4.85E+09", "1911-11-11", "Quillfeather", "x", "x"]

HEADER_PERSONS, HEADER_EVENTS = PERSONS.splitlines()[0], EVENTS.splitlines()[0]


def spoil_cells(extract: Extract) -> None:
    rotations = [",".join(ROW[n:] + ROW[:n]) for n in range(len(ROW))]
    extract.add_persons(*rotations, "Quillfeather", "9990000018,1950-01-01,Quillfeather", '"Quillfeather')
    extract.add_events(
        *[",".join((ROW[n:] + ROW[:n])[:4]) for n in range(len(ROW))], "Quillfeather,9990000018"
    )


def spoil_header(extract: Extract) -> None:
    extract.write("persons.csv", ",".join(ROW) + "\n" + ",".join(ROW) + "\n")


def spoil_header_without_digits(extract: Extract) -> None:
    extract.write("persons.csv", "Quillfeather,Quillfeather,x\n")


def use_nhs_numbers(extract: Extract) -> None:
    extract.write("persons.csv", f"{HEADER_PERSONS}\n" + "9990000018,1950-01-01,Quillfeather,,,,,\n" * 9)


def keep_nobody(extract: Extract) -> None:
    extract.write("persons.csv", f"{HEADER_PERSONS}\nQuillfeather,13 Larkspur Row,,,,,,\n")


def keep_no_event(extract: Extract) -> None:
    extract.write("events.csv", f"{HEADER_EVENTS}\n9990000018,Quillfeather,1911-11-11,13 Larkspur Row\n")


def write_month_first(extract: Extract) -> None:
    extract.add_events("p1,Quillfeather,11/30/2011,")


def cut_gzip(extract: Extract) -> None:
    extract.write("events.csv", gzip.compress(f"{EVENTS}Quillfeather,9990000018,,\n".encode())[:-5])


def encode_badly(extract: Extract) -> None:
    extract.write("events.csv", f"{EVENTS}Quillfeather é,9990000018,1911-11-11,\n".encode("cp1252") + b"\x81")


def write_one_endless_row(extract: Extract) -> None:
    extract.add_events(f'p1,"{"Quillfeather " * 300_000}",1911-11-11,')


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_cells,
        spoil_header,
        spoil_header_without_digits,
        use_nhs_numbers,
        keep_nobody,
        keep_no_event,
        write_month_first,
        cut_gzip,
        encode_badly,
        write_one_endless_row,
    ],
)
def test_what_rows_say_is_nowhere_told(
    extract: Extract,
    spoil: Callable[[Extract], None],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    spoil(extract)
    told: list[str] = []
    try:
        told.append(repr(extract.load(told.append)))
    except SourceError as error:
        told += chain_of(error)
    text = "\n".join([*told, caplog.text, *capfd.readouterr()])
    assert len(text) > 50
    assert [planted for planted in PLANTED if planted in text] == []


def chain_of(error: BaseException | None) -> list[str]:
    """The words of an error and of all that it is chained to, shown or not."""
    texts: list[Any] = []
    while error is not None:
        texts.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return texts


def test_no_text_of_the_provider_reaches_the_contract_but_codes_and_practices(extract: Extract) -> None:
    spoil_cells(extract)
    report = extract.load()
    content = report.persons.read_bytes() + report.events.read_bytes()
    assert b"Larkspur" not in content
