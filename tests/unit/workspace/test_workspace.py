"""place.toml and the folder around it."""

from __future__ import annotations

import stat

import pytest

from evenground.errors import WorkspaceError
from evenground.workspace import load_workspace, write_atomically

GOOD = """
[place]
name = "Somewhere"
code = "X1"
as_at = 2026-03-31

[areas]
lsoa_edition = "2021"
imd_edition = "2025"

[[sources]]
name = "GP"
kind = "extract"
anything = 1
"""


def write(folder, text: str) -> None:
    (folder / "place.toml").write_text(text, encoding="utf-8")


def test_a_good_place_is_read_with_its_defaults(tmp_path):
    write(tmp_path, GOOD)
    place = load_workspace(tmp_path).place
    assert place.disclosure.policy == "nhs-7-5"
    assert place.population.base == "registered"
    assert place.sources[0].options == {"anything": 1}


@pytest.mark.parametrize(
    ("synthetic", "attack", "programs"),
    [
        ("false", "", True),
        ("false", "sums", True),
        ("true", "", True),
        ("true", "sums", False),
        ("true", "programs", True),
    ],
)
def test_a_real_place_is_attacked_with_programs_whatever_it_asks(tmp_path, synthetic, attack, programs):
    text = GOOD.replace("as_at", f"synthetic = {synthetic}\nas_at")
    write(tmp_path, f'{text}\n[disclosure]\nattack = "{attack}"\n' if attack else text)
    assert load_workspace(tmp_path).place.attacks_with_programs is programs


def test_an_edition_may_be_written_as_a_number(tmp_path):
    write(tmp_path, GOOD.replace('"2021"', "2021").replace('"2025"', "2025"))
    areas = load_workspace(tmp_path).place.areas
    assert (areas.lsoa_edition, areas.imd_edition) == ("2021", "2025")


def test_a_folder_without_a_place_says_how_to_make_one(tmp_path):
    with pytest.raises(WorkspaceError, match="Run 'evenground init'"):
        load_workspace(tmp_path)


def test_a_misspelt_key_names_the_nearest_right_one(tmp_path):
    write(tmp_path, GOOD.replace("imd_edition", "imd_editon"))
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(tmp_path)
    assert 'areas.imd_editon: is not a known key. Did you mean "imd_edition"?' in str(caught.value)
    assert "areas.imd_edition: is missing" in str(caught.value)


def test_every_fault_of_the_place_is_told_at_once(tmp_path):
    write(tmp_path, GOOD.replace("2026-03-31", '"soon"').replace('"2021"', '"1991"').replace("Somewhere", ""))
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(tmp_path)
    assert len(caught.value.faults) == 3
    assert 'Received "1991"' in str(caught.value)


def test_toml_that_cannot_be_read_says_the_line(tmp_path):
    write(tmp_path, "[place\n")
    with pytest.raises(WorkspaceError, match="line 1"):
        load_workspace(tmp_path)


def test_the_secure_folder_is_for_its_owner_alone(tmp_path):
    write(tmp_path, GOOD)
    assert stat.S_IMODE(load_workspace(tmp_path).secure.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


ENGINE = """
[engine]
kind = "spark"
url = "sc://spark.example:15002"
secure_url = "s3a://ours/secure"
memory_limit = "8GB"
"""


def test_duckdb_counts_unless_the_place_says_spark(tmp_path):
    write(tmp_path, GOOD)
    assert load_workspace(tmp_path).place.engine.kind == "duckdb"
    write(tmp_path, GOOD + ENGINE)
    engine = load_workspace(tmp_path).place.engine
    assert (engine.kind, engine.url, engine.memory_limit) == ("spark", "sc://spark.example:15002", "8GB")


def test_a_url_without_spark_is_a_fault(tmp_path):
    write(tmp_path, GOOD + ENGINE.replace('kind = "spark"', ""))
    with pytest.raises(WorkspaceError, match='url and secure_url go with kind = "spark"'):
        load_workspace(tmp_path)


@pytest.mark.parametrize(
    "url", ["sc://host:443/;token=dapi-4711", "sc://me:dapi-4711@host", "sc://h/;TOKEN=dapi-4711"]
)
def test_a_secret_in_the_place_is_a_fault_that_does_not_repeat_it(tmp_path, url):
    write(tmp_path, GOOD + ENGINE.replace("sc://spark.example:15002", url))
    with pytest.raises(WorkspaceError, match="EVENGROUND_ENGINE_URL") as caught:
        load_workspace(tmp_path)
    assert "4711" not in str(caught.value)
