"""Files of people sealed at rest: what is read from them, who can, and that no interruption loses one."""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenground import sealing
from evenground.audit_log import read_lines
from evenground.cli.commands import app
from evenground.errors import WorkspaceError
from evenground.pipeline import check_workspace, prepare_records
from evenground.pipeline.cohorts import count_cohort, write_list
from evenground.pipeline.retention import find_expired
from evenground.pipeline.sealed import find_all_sealed, find_plain, seal_workspace, unseal_workspace
from evenground.pipeline.volumes import warn_of_plain_files
from evenground.sealing import IDENTITY_VARIABLE, unseal_file, write_identity
from evenground.sources.prepared import find_prepared
from evenground.workspace import Workspace, load_workspace
from tests.support.cohort_place import DIRECT_CARE, HERE, IN_COHORT, make_cohort_place

pyrage = pytest.importorskip("pyrage", reason="the extra 'sealing' is not installed")

TODAY = dt.date(2026, 5, 1)
COHORT = "diabetes_unchecked"
EXTRACTS = ["data/events.csv", "data/out.csv", "data/persons.csv"]
OUT = "p-003"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The private key, outside the workspace."""
    path = tmp_path / "key.txt"
    write_identity(path)
    return path


@pytest.fixture
def place(tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A place that names its public key, with plain extracts; the private key is in the environment."""
    made = make_cohort_place(tmp_path / "ours", DIRECT_CARE, HERE, out=(OUT,))
    public = key_file.read_text().splitlines()[0].rpartition(" ")[2]
    toml = made.root / "place.toml"
    toml.write_text(toml.read_text() + f'\n[secure]\nrecipients = ["{public}"]\n')
    monkeypatch.setenv(IDENTITY_VARIABLE, str(key_file))
    return load_workspace(made.root)


def names(workspace: Workspace, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(workspace.root)) for path in paths]


def everything_at_rest(workspace: Workspace) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(workspace.root.rglob("*")) if path.is_file())


def told(caught: pytest.ExceptionInfo[WorkspaceError]) -> str:
    return str(caught.value)


def test_what_is_counted_from_sealed_files_is_what_was_counted_before(place: Workspace) -> None:
    before = count_cohort(place, COHORT, today=TODAY)
    assert seal_workspace(place) == 3
    assert names(place, find_all_sealed(place)) == [f"{name}.age" for name in EXTRACTS]
    assert not any((place.root / name).exists() for name in EXTRACTS)
    assert count_cohort(place, COHORT, today=TODAY).equals(before)
    assert check_workspace(place, today=TODAY) == []


def test_nothing_of_a_person_lies_open_once_the_work_is_done(place: Workspace) -> None:
    assert b"p-301" in everything_at_rest(place)
    seal_workspace(place)
    prepare_records(place, today=TODAY)
    count_cohort(place, COHORT, today=TODAY)
    write_list(place, COHORT, "Y00001", today=TODAY)
    at_rest = everything_at_rest(place)
    assert b"p-301" not in at_rest
    assert b"p-000" not in at_rest
    assert not [path.name for path in place.secure.iterdir() if path.name.startswith("build-")]


def test_prepared_records_are_sealed_and_counted(place: Workspace) -> None:
    before = count_cohort(place, COHORT, today=TODAY)
    prepared = prepare_records(place, today=TODAY)
    assert prepared.is_sealed
    assert {
        path.suffix for table in ("persons", "events") for path in (prepared.folder / table).iterdir()
    } == {".age"}
    assert find_prepared(place.secure) is not None
    assert count_cohort(place, COHORT, today=TODAY).equals(before)


def test_a_list_for_a_practice_is_sealed_and_opens_with_the_key(
    place: Workspace, key_file: Path, tmp_path: Path
) -> None:
    written = write_list(place, COHORT, "Y00001", today=TODAY)
    assert written.path
    assert written.path.name.endswith(".csv.age")
    unseal_file(written.path, tmp_path / "list.csv", sealing.read_identities())
    expected = [name for name in IN_COHORT["Y00001"] if name != OUT]
    assert (tmp_path / "list.csv").read_text().splitlines() == ["person_id", *expected]


def test_a_file_that_a_provider_sealed_is_read_as_it_came(place: Workspace) -> None:
    before = count_cohort(place, COHORT, today=TODAY)
    persons = place.root / "data" / "persons.csv"
    recipient = pyrage.x25519.Recipient.from_str(place.place.secure.recipients[0])
    (place.root / "data" / "persons.csv.age").write_bytes(pyrage.encrypt(persons.read_bytes(), [recipient]))
    persons.unlink()
    assert count_cohort(place, COHORT, today=TODAY).equals(before)


def test_sealing_keeps_the_day_a_file_came_and_its_retention(place: Workspace) -> None:
    for name in EXTRACTS:
        long_ago = dt.datetime(2010, 5, 1, tzinfo=dt.UTC).timestamp()
        os.utime(place.root / name, (long_ago, long_ago))
    before = {(one.name, one.keep_until) for one in find_expired(place, TODAY)}
    seal_workspace(place)
    assert len(before) == 3
    assert {(one.name.removesuffix(".age"), one.keep_until) for one in find_expired(place, TODAY)} == before


def test_sealed_files_are_for_their_owner_alone(place: Workspace) -> None:
    seal_workspace(place)
    assert {stat.S_IMODE(path.stat().st_mode) for path in find_all_sealed(place)} == {0o600}


def test_opening_for_good_gives_back_the_same_bytes(place: Workspace) -> None:
    before = {name: (place.root / name).read_bytes() for name in EXTRACTS}
    seal_workspace(place)
    assert unseal_workspace(place) == 3
    assert {name: (place.root / name).read_bytes() for name in EXTRACTS} == before
    assert find_all_sealed(place) == []


def test_the_log_has_a_line_for_both(place: Workspace) -> None:
    seal_workspace(place)
    unseal_workspace(place)
    lines = [(line.event, line.facts) for line in read_lines(place.secure / "log.jsonl")]
    assert lines == [("data_sealed", {"files": 3}), ("data_unsealed", {"files": 3})]


def test_without_the_private_key_nothing_is_read_or_sealed(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_workspace(place)
    monkeypatch.delenv(IDENTITY_VARIABLE)
    for work in (
        lambda: count_cohort(place, COHORT, today=TODAY),
        lambda: unseal_workspace(place),
        lambda: seal_workspace(place),
    ):
        with pytest.raises(WorkspaceError) as caught:
            work()
        assert f"{IDENTITY_VARIABLE}: is not set" in told(caught)
    assert names(place, find_all_sealed(place)) == [f"{name}.age" for name in EXTRACTS]


def test_a_key_that_is_not_theirs_opens_nothing(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.txt"
    write_identity(other)
    monkeypatch.setenv(IDENTITY_VARIABLE, str(other))
    with pytest.raises(WorkspaceError, match=r"is the other half of no public key in place\.toml"):
        seal_workspace(place)
    assert names(place, find_plain(place)) == EXTRACTS
    monkeypatch.setenv(IDENTITY_VARIABLE, str(tmp_path / "key.txt"))
    seal_workspace(place)
    monkeypatch.setenv(IDENTITY_VARIABLE, str(other))
    with pytest.raises(WorkspaceError) as caught:
        count_cohort(place, COHORT, today=TODAY)
    assert "data/events.csv.age: was sealed to another key" in told(caught)


@pytest.mark.parametrize("held", ["nonsense", "AGE-SECRET-KEY-1NOTREALLY", "/nowhere/key.txt"])
def test_what_the_environment_holds_is_never_told(
    place: Workspace, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IDENTITY_VARIABLE, held)
    with pytest.raises(WorkspaceError) as caught:
        seal_workspace(place)
    assert IDENTITY_VARIABLE in told(caught)
    assert held not in told(caught)


def test_the_key_may_stand_in_the_environment_itself(
    place: Workspace, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IDENTITY_VARIABLE, key_file.read_text().splitlines()[1])
    assert seal_workspace(place) == 3


@pytest.mark.parametrize("spoil", [lambda whole: whole[:-5] + b"\0" + whole[-4:], lambda whole: whole[:-7]])
def test_an_altered_file_is_not_read(place: Workspace, spoil: Callable[[bytes], bytes]) -> None:
    seal_workspace(place)
    path = place.root / "data" / "persons.csv.age"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(WorkspaceError) as caught:
        count_cohort(place, COHORT, today=TODAY)
    assert "data/persons.csv.age" in told(caught)
    assert "or is damaged" in told(caught)


def test_sealing_that_stops_loses_nothing_and_goes_on(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count_cohort(place, COHORT, today=TODAY)
    real = Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        # Between the sealed file's arrival and the plain one's going: the two lie there together.
        if path.name == "out.csv":
            raise KeyboardInterrupt
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        seal_workspace(place)
    monkeypatch.setattr(Path, "unlink", real)
    assert names(place, find_plain(place)) == ["data/out.csv", "data/persons.csv"]
    with pytest.raises(WorkspaceError, match=r"data/out\.csv\.age: lies beside the same file"):
        count_cohort(place, COHORT, today=TODAY)
    seal_workspace(place)
    assert find_plain(place) == []
    assert count_cohort(place, COHORT, today=TODAY).equals(before)


def test_of_two_forms_that_differ_somebody_has_to_choose(place: Workspace) -> None:
    seal_workspace(place)
    (place.root / "data" / "persons.csv").write_text("a newer extract\n")
    for work in (seal_workspace, unseal_workspace):
        with pytest.raises(
            WorkspaceError, match=r"data/persons\.csv: lies there sealed as well, and the two differ"
        ):
            work(place)
    assert (place.root / "data" / "persons.csv").read_text() == "a newer extract\n"
    assert (place.root / "data" / "persons.csv.age").is_file()


def test_a_file_that_does_not_read_back_stays_plain(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(infile: str, outfile: str, recipients: object) -> None:
        Path(outfile).write_bytes(pyrage.encrypt(b"something else", recipients))

    monkeypatch.setattr(pyrage, "encrypt_file", lose)
    with pytest.raises(WorkspaceError, match="does not give back what was sealed"):
        seal_workspace(place)
    assert names(place, find_plain(place)) == EXTRACTS
    assert find_all_sealed(place) == []


@pytest.mark.parametrize("given", ["age1nonsense", "AGE-SECRET-KEY-1QQQ"])
def test_a_public_key_that_is_none_is_told_and_a_private_one_not_shown(place: Workspace, given: str) -> None:
    toml = place.root / "place.toml"
    toml.write_text(toml.read_text().replace(place.place.secure.recipients[0], given))
    faults = "\n".join(str(fault) for fault in check_workspace(load_workspace(place.root), today=TODAY))
    assert "place.toml, secure.recipients[1]" in faults
    assert ("AGE-SECRET" in faults) is False


def test_plain_files_of_a_place_that_seals_are_warned_of(place: Workspace) -> None:
    assert warn_of_plain_files(place) == (
        "Not sealed: data/events.csv, data/out.csv, data/persons.csv. Run 'evenground data seal'."
    )
    seal_workspace(place)
    assert warn_of_plain_files(place) == ""


def test_without_the_library_the_extra_is_named(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WorkspaceError, match=r"evenground\[sealing\]"):
        seal_workspace(place)


def test_the_commands_ask_first_and_say_what_they_did(place: Workspace, tmp_path: Path) -> None:
    run = CliRunner()
    here = ["--workspace", str(place.root)]
    stopped = run.invoke(app, ["data", "seal", *here], input="n\n")
    assert stopped.exit_code == 1
    assert names(place, find_plain(place)) == EXTRACTS
    sealed = run.invoke(app, ["data", "seal", *here], input="y\n")
    assert "data/persons.csv" in sealed.output
    assert "3 sealed, each read back before its plain form was removed." in sealed.output
    assert "Nothing is plain" in run.invoke(app, ["data", "seal", *here]).output
    assert "3 are plain again." in run.invoke(app, ["data", "unseal", "--yes", *here]).output
    assert "Nothing is sealed." in run.invoke(app, ["data", "unseal", *here]).output


def test_a_key_is_made_outside_the_workspace_and_never_over_another(place: Workspace, tmp_path: Path) -> None:
    run = CliRunner()
    made = run.invoke(app, ["data", "key", str(tmp_path / "new.txt"), "--workspace", str(place.root)])
    assert 'recipients = ["age1' in made.output
    assert "AGE-SECRET-KEY" not in made.output
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o600
    again = run.invoke(app, ["data", "key", str(tmp_path / "new.txt"), "--workspace", str(place.root)])
    assert isinstance(again.exception, WorkspaceError)
    assert "may be the only key to sealed files" in str(again.exception)
    inside = run.invoke(app, ["data", "key", str(place.root / "key.txt"), "--workspace", str(place.root)])
    assert "lies in the workspace that it would open" in str(inside.exception)
