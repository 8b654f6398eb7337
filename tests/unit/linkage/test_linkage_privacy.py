"""Names, postcodes and dates of birth stand in no file, message, progress or log of a linkage."""

from __future__ import annotations

import logging
import re

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.sources.linkage import link_sources
from tests.support.linkage import KEY, Councils

HASH = re.compile(r"\b[0-9a-f]{64}\b")


def plain(text: str) -> str:
    return text.casefold()


def found_in(text: str, councils: Councils) -> list[str]:
    """The planted names and postcodes that a text holds, however they are written."""
    words = set(re.findall(r"[^\W\d_]+", plain(text))) | set(re.findall(r"wb\d ?\d[a-z]{2}", plain(text)))
    planted = {plain(value) for value in councils.planted} | {
        plain(value).replace(" ", "") for value in councils.planted
    }
    return sorted(planted & words) + re.findall(r"\b19\d\d-\d\d-\d\d\b", text)


def test_what_is_looked_for_would_be_found(councils: Councils) -> None:
    text = (councils.root / "data/housing/tenants.csv").read_text(encoding="utf-8")
    assert len(found_in(text, councils)) > 1000


def test_no_output_message_or_log_holds_a_name_a_postcode_a_date_of_birth_or_a_hash(
    councils: Councils, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("splink").setLevel(1)
    told: list[str] = []
    made = link_sources(councils.workspace, "housing_gp", progress=told.append)
    crosswalk = pl.read_parquet(made.folder / "crosswalk.parquet")
    texts = [path.read_text(encoding="utf-8") for path in made.folder.iterdir() if path.suffix != ".parquet"]
    text = "\n".join([*texts, crosswalk.write_csv(), repr(made), *told, caplog.text, *capfd.readouterr()])
    logging.getLogger("splink").setLevel(logging.NOTSET)
    assert len(told) > 8
    assert found_in(text, councils) == []
    assert set(HASH.findall(text)) == {
        made.findings.made_from,
        *(side.sha256 for side in made.findings.sides),
    }
    assert KEY not in text


@pytest.mark.parametrize("spoil", ["spreadsheet", "header", "nobody", "latin", "few"])
def test_no_error_holds_what_a_row_says(
    councils: Councils, spoil: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    path = councils.root / "data/housing/tenants.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    spoilt = {
        "spreadsheet": b"PK\x03\x04" + "\n".join(lines).encode(),
        "header": "\n".join(lines).encode(),
        "nobody": "\n".join([header, *("," + line.split(",", 1)[1] for line in lines)]).encode(),
        "latin": "\n".join([header.replace("surname", "é"), *lines]).encode("cp1252"),
        "few": "\n".join([header, *lines[:1]]).encode(),
    }
    path.write_bytes(spoilt[spoil])
    told: list[str] = []
    try:
        told.append(repr(link_sources(councils.workspace, "housing_gp", progress=told.append)))
    except SourceError as error:
        cause: BaseException | None = error
        while cause is not None:
            told.append(f"{cause} {cause!r}")
            cause = cause.__cause__ or cause.__context__
    text = "\n".join([*told, caplog.text, *capfd.readouterr()])
    assert len(text) > 50
    assert found_in(text, councils) == []


def test_logging_of_splink_is_left_as_it_was(councils: Councils) -> None:
    logger = logging.getLogger("splink")
    before = (logger.level, logger.propagate, list(logger.handlers))
    link_sources(councils.workspace, "housing_gp")
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
