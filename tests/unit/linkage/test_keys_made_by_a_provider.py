"""A provider hashes its names itself: the links are the same, and no name leaves it."""

from __future__ import annotations

import stat
import subprocess
import sys

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.sources.linkage import link_sources
from evenground.sources.linkage.keys import write_keys
from evenground.sources.pseudonyms import KEY_VARIABLE
from tests.support.linkage import FIELDS, LINKAGE, Councils
from tests.unit.linkage.test_linkage_privacy import found_in
from tests.unit.linkage.test_linked_people import crosswalk_of

COLUMNS = {"person_id": "tenant_id"} | {name: name for name in (*FIELDS, "ethnic_group", "lsoa_code")}


def hash_tenants(councils: Councils, name: str = "keys.csv", **changes: object):
    folder = councils.root / "data/housing"
    options = {"columns": COLUMNS, "month_first": False, "key_variable": KEY_VARIABLE} | changes
    return write_keys(folder / "tenants.csv", folder / name, **options)


def use_keys(councils: Councils, name: str = "keys.csv") -> None:
    text = LINKAGE.replace("data/housing/tenants.csv", f"data/housing/{name}")
    text = text.replace('person_id = "tenant_id"', 'person_id = "person_id"')
    councils.write_linkage(text=text.replace("[source]\n", "[source]\nis_hashed = true\n"))


@pytest.mark.parametrize("name", ["keys.csv", "keys.parquet"])
def test_keys_of_a_provider_give_the_same_links(councils: Councils, linked: Councils, name: str) -> None:
    hash_tenants(councils, name)
    use_keys(councils, name)
    (councils.root / "data/housing/tenants.csv").unlink()
    link_sources(councils.workspace, "housing_gp")
    assert crosswalk_of(councils) == crosswalk_of(linked)


def test_no_name_or_postcode_is_in_what_a_provider_sends(councils: Councils) -> None:
    made = hash_tenants(councils)
    path = councils.root / "data/housing/keys.csv"
    text = path.read_text(encoding="utf-8")
    hashed = pl.read_csv(path)
    assert made.rows == hashed.height == 1000
    assert made.missing["postcode"] == hashed["postcode"].null_count() > 0
    assert [word for word in found_in(text, councils) if not word.startswith("19")] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["keys.csv", "tenants.csv", "visits.csv"]


def test_names_that_were_not_hashed_stop_a_linkage(councils: Councils) -> None:
    hash_tenants(councils)
    use_keys(councils)
    path = councils.root / "data/housing/keys.csv"
    keys = pl.read_csv(path, infer_schema=False)
    keys.with_columns(surname=pl.lit("Quillfeather")).write_csv(path)
    with pytest.raises(SourceError, match="not hashed in 1,000 rows") as raised:
        link_sources(councils.workspace, "housing_gp")
    assert "Quillfeather" not in str(raised.value)


def test_a_key_that_the_file_lacks_is_told(councils: Councils) -> None:
    hash_tenants(councils)
    use_keys(councils)
    path = councils.root / "data/housing/keys.csv"
    pl.read_csv(path, infer_schema=False).drop("surname_sound").write_csv(path)
    with pytest.raises(SourceError, match='column "surname_sound": is not one of its'):
        link_sources(councils.workspace, "housing_gp")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": COLUMNS | {"surnme": "surname"}}, 'surnme: is not a field. Did you mean "surname"?'),
        ({"columns": COLUMNS | {"surname": ""}}, "surname: names no column. Write it as surname=column."),
        ({"columns": COLUMNS | {"surname": "surnam"}}, 'column "surnam": is not one of its 8 columns'),
        ({"columns": {"surname": "surname"}}, "person_id: is missing"),
        ({"key_variable": "NOT_SET"}, "The environment variable NOT_SET: is not set"),
        ({"name": "keys.xlsx"}, "is neither .csv nor .parquet"),
        ({"name": "visits.csv"}, "is there already"),
    ],
)
def test_what_cannot_be_hashed_is_told_and_nothing_is_written(
    councils: Councils, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(SourceError) as raised:
        hash_tenants(councils, **changes)
    assert told in str(raised.value)
    names = sorted(entry.name for entry in (councils.root / "data/housing").iterdir())
    assert names == ["tenants.csv", "visits.csv"]


def test_both_commands_tell_what_they_did(councils: Councils) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-W", "error", "-m", "evenground", *arguments]
        done = subprocess.run(
            command, cwd=councils.root, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    columns = [f"--column={ours}={theirs}" for ours, theirs in COLUMNS.items()]
    told = run("link-keys", "data/housing/tenants.csv", "data/housing/keys.csv", *columns)
    assert "Wrote 1,000 rows" in told
    assert "rows have nothing to compare in postcode." in told
    use_keys(councils)
    told = run("link", "housing_gp")
    assert "Learning how often people who do not match agree" in told
    assert "of 1,000 persons of Council housing are linked to GP records" in told
    assert "Bangladeshi" in told
    assert found_in(told, councils) == []
