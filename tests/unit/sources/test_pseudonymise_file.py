"""The command that copies a file with pseudonyms in place of numbers."""

from __future__ import annotations

import stat
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from evenground.cli.commands import app
from evenground.errors import SourceError
from evenground.sources.pseudonymise import pseudonymise_file
from evenground.sources.pseudonyms import KEY_VARIABLE, Number, make_pseudonym

KEY = "an invented key of more than thirty-two characters"
NUMBERS = ("9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069")
TABLE = "nhs,name,day\n" + "".join(f"{number},x{n},2020-01-0{n + 1}\n" for n, number in enumerate(NUMBERS))
PSEUDONYMS = [make_pseudonym(number, Number.NHS_NUMBER, KEY.encode()) for number in NUMBERS]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    path = tmp_path / "in.csv"
    path.write_text(TABLE)
    return path


def run(file: Path, out: Path, *columns: str, number: Number = Number.NHS_NUMBER) -> tuple[int, int, int]:
    made = pseudonymise_file(file, out, columns=columns, number=number, key_variable=KEY_VARIABLE)
    return made.rows, made.emptied, made.left_out


def test_numbers_are_replaced_and_all_else_stays_in_its_order(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(file, out, "nhs") == (6, 0, 0)
    made = pl.read_csv(out, infer_schema=False)
    assert made["nhs"].to_list() == PSEUDONYMS
    assert made.drop("nhs").equals(pl.read_csv(file, infer_schema=False).drop("nhs"))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_parquet_keeps_the_types_of_the_other_columns(file: Path, tmp_path: Path) -> None:
    typed = pl.read_csv(file, try_parse_dates=True)
    typed.write_parquet(tmp_path / "in.parquet")
    run(tmp_path / "in.parquet", tmp_path / "out.parquet", "nhs")
    made = pl.read_parquet(tmp_path / "out.parquet")
    assert made.schema["day"] == pl.Date
    assert made["nhs"].to_list() == PSEUDONYMS


def test_cells_that_hold_no_such_number_are_empty_and_counted(file: Path, tmp_path: Path) -> None:
    file.write_text(TABLE + "12345,x,2020-01-01\n,x,2020-01-01\n9990000018\n")
    assert run(file, tmp_path / "out.csv", "nhs") == (8, 1, 1)
    assert pl.read_csv(tmp_path / "out.csv")["nhs"].to_list() == [*PSEUDONYMS, None, None]


def test_property_numbers_are_replaced(file: Path, tmp_path: Path) -> None:
    file.write_text("uprn,rent\n000012345678,1\n")
    run(file, tmp_path / "out.csv", "uprn", number=Number.UPRN)
    assert pl.read_csv(tmp_path / "out.csv")["uprn"].to_list() == [
        make_pseudonym("12345678", Number.UPRN, KEY.encode())
    ]


def test_nhs_numbers_in_another_column_stop_it(file: Path, tmp_path: Path) -> None:
    file.write_text(
        "".join(f"{line},{line.split(',')[0]}\n" for line in TABLE.splitlines()).replace(",nhs", ",mother")
    )
    with pytest.raises(
        SourceError, match='column "mother": holds what look like NHS numbers in 6 rows'
    ) as raised:
        run(file, tmp_path / "out.csv", "nhs")
    assert NUMBERS[0] not in str(raised.value)
    assert not (tmp_path / "out.csv").exists()
    assert run(file, tmp_path / "out.csv", "nhs", "mother") == (6, 0, 0)


def test_every_fault_is_told_and_nothing_is_written(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(SourceError) as raised:
        run(tmp_path / "nowhere.csv", tmp_path / "out.xlsx", "nhs")
    told = str(raised.value)
    assert all(
        text in told for text in (KEY_VARIABLE, "is neither .csv nor .parquet", "nowhere.csv: is not there")
    )


def test_a_file_that_is_there_is_not_written_over(file: Path) -> None:
    with pytest.raises(SourceError, match="is there already"):
        run(file, file, "nhs")
    assert file.read_text() == TABLE


@pytest.mark.parametrize(
    ("content", "message"),
    [(TABLE.replace("nhs", "nsh"), 'Did you mean "nsh"'), ("", "is empty"), ("nhs,name\n", r"no rows \(0\)")],
)
def test_a_file_that_cannot_be_used_is_told(file: Path, tmp_path: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(SourceError, match=message):
        run(file, tmp_path / "out.csv", "nhs")
    assert not (tmp_path / "out.csv").exists()


def test_the_command_says_what_it_wrote(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pseudonymise", str(file), str(tmp_path / "out.csv"), "--column", "nhs"])
    assert done.exit_code == 0
    assert (tmp_path / "out.csv").is_file()
