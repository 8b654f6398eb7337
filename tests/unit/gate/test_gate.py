"""The gate: who may let a candidate through, and what stays written of it."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest

from evenground.errors import ApprovalError, ReleaseError
from evenground.gate import (
    BuildStage,
    approve,
    find_candidate,
    list_candidates,
    read_history,
    read_stages,
    release_without_approval,
    require_released,
    send_back,
    submit_candidate,
    write_stages,
)
from evenground.releases import current_release, list_releases
from tests.support.release_factory import make_sample_content

AT = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)


def submit(folder: Path, by: str = "analyst-1", **changes):
    content = make_sample_content(**({"synthetic": False} | changes))
    return submit_candidate(folder, content, by=by, at=AT)[0]


def has_current(folder: Path) -> bool:
    return (folder / "current").exists()


def test_a_candidate_is_no_release_until_it_is_approved(tmp_path):
    release = submit(tmp_path)
    assert not has_current(tmp_path)
    assert list_releases(tmp_path) == []
    assert [candidate.release.id for candidate in list_candidates(tmp_path)] == [release.id]
    with pytest.raises(ApprovalError, match="is a candidate: a data steward has to approve it first"):
        require_released(tmp_path, release.id)


def test_an_approved_candidate_is_the_current_release_and_its_history_says_who(tmp_path):
    release = submit(tmp_path)
    approve(tmp_path, release.id, by="steward-1", reason="Checked against last month.", at=AT)
    assert current_release(tmp_path).id == release.id
    assert list_candidates(tmp_path) == ()
    history = read_history(tmp_path, release.id)
    assert [(entry.action, entry.by) for entry in history] == [
        ("built", "analyst-1"),
        ("approved", "steward-1"),
    ]
    assert history[1].reason == "Checked against last month."
    assert history[1].at == "2026-05-01T09:30:00Z"
    assert require_released(tmp_path, release.id).id == release.id


@pytest.mark.parametrize("by", ["analyst-1", "ANALYST-1 "])
def test_the_builder_may_not_approve(tmp_path, by):
    release = submit(tmp_path)
    with pytest.raises(ApprovalError, match="built .* and may not approve it"):
        approve(tmp_path, release.id, by=by)
    assert not has_current(tmp_path)
    assert len(read_history(tmp_path, release.id)) == 1


def test_nobody_of_several_builders_may_approve(tmp_path):
    release = submit(tmp_path)
    assert submit(tmp_path, by="steward-1").id == release.id
    assert submit(tmp_path, by="analyst-1").id == release.id
    assert len(read_history(tmp_path, release.id)) == 2
    with pytest.raises(ApprovalError, match="may not approve it"):
        approve(tmp_path, release.id, by="steward-1")
    approve(tmp_path, release.id, by="steward-2")


def test_a_returned_candidate_has_its_reason_and_the_site_shows_what_it_showed(tmp_path):
    first = submit(tmp_path)
    approve(tmp_path, first.id, by="steward-1")
    second = submit(tmp_path, as_at="2026-06-30")
    returned = send_back(tmp_path, second.id, by="steward-1", reason="Smoking fell to nothing: a code list?")
    assert returned.is_returned
    assert returned.history[-1].reason == "Smoking fell to nothing: a code list?"
    assert current_release(tmp_path).id == first.id
    approve(tmp_path, second.id, by="steward-2", reason="The provider explained it.")
    assert current_release(tmp_path).id == second.id


def test_a_return_needs_a_reason(tmp_path):
    release = submit(tmp_path)
    with pytest.raises(ApprovalError, match="Give a reason"):
        send_back(tmp_path, release.id, by="steward-1", reason="  ")


def test_of_two_stewards_at_once_one_wins_and_the_other_is_told(tmp_path):
    release = submit(tmp_path)
    start, told = threading.Barrier(6), []

    def decide(number: int) -> None:
        start.wait()
        try:
            if number % 2:
                approve(tmp_path, release.id, by=f"steward-{number}", seen=1)
            else:
                send_back(tmp_path, release.id, by=f"steward-{number}", reason="No.", seen=1)
            told.append("done")
        except ApprovalError as error:
            told.append(str(error))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("done") == 1
    history = read_history(tmp_path, release.id)
    assert len(history) == 2
    assert all(history[1].by in words for words in told if words != "done")
    assert has_current(tmp_path) == (history[1].action == "approved")


def test_a_steward_who_looked_at_an_older_state_is_told(tmp_path):
    release = submit(tmp_path)
    send_back(tmp_path, release.id, by="steward-1", reason="Not yet.", seen=1)
    with pytest.raises(ApprovalError, match="Meanwhile .* was returned by steward-1"):
        approve(tmp_path, release.id, by="steward-2", seen=1)


def test_a_second_approval_says_who_was_first(tmp_path):
    release = submit(tmp_path)
    approve(tmp_path, release.id, by="steward-1")
    with pytest.raises(ApprovalError, match="is no candidate: was approved by steward-1"):
        approve(tmp_path, release.id, by="steward-2")


def test_a_decision_cut_short_before_its_last_step_is_finished(tmp_path, monkeypatch):
    from evenground.gate import candidates

    release = submit(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(candidates, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            approve(tmp_path, release.id, by="steward-1")
    assert not has_current(tmp_path)
    with pytest.raises(ApprovalError, match="was approved by steward-1"):
        approve(tmp_path, release.id, by="steward-2")
    assert current_release(tmp_path).id == release.id


def test_a_candidate_whose_file_or_manifest_was_altered_is_not_approved(tmp_path):
    release = submit(tmp_path)
    coverage = release.path / "coverage.json"
    coverage.write_text(coverage.read_text().replace("19870", "19875"))
    with pytest.raises(ReleaseError, match=r"coverage\.json was altered"):
        approve(tmp_path, release.id, by="steward-1")
    assert not has_current(tmp_path)


def test_a_history_that_was_altered_is_told(tmp_path):
    release = submit(tmp_path)
    send_back(tmp_path, release.id, by="steward-1", reason="Not yet.")
    entry = tmp_path / "decisions" / release.id / "0001.json"
    entry.write_text(entry.read_text().replace("analyst-1", "analyst-9"))
    with pytest.raises(ApprovalError, match=r"0002\.json does not follow"):
        approve(tmp_path, release.id, by="steward-2")
    entry.unlink()
    with pytest.raises(ApprovalError, match=r"0002\.json does not follow"):
        find_candidate(tmp_path, release.id)


def test_an_unknown_candidate_is_told_with_the_nearest_name(tmp_path):
    release = submit(tmp_path)
    with pytest.raises(ApprovalError, match=f'Did you mean "{release.id}"'):
        approve(tmp_path, release.id[:-1], by="steward-1")


def test_content_that_was_released_before_is_no_candidate_again(tmp_path):
    first = submit(tmp_path)
    approve(tmp_path, first.id, by="steward-1")
    again, was_there = submit_candidate(tmp_path, make_sample_content(synthetic=False), by="analyst-1", at=AT)
    assert (again.path, was_there) == (tmp_path / first.id, True)
    assert list_candidates(tmp_path) == ()


def test_an_invented_place_is_released_without_approval_and_a_real_one_is_not(tmp_path):
    real = submit(tmp_path)
    with pytest.raises(ApprovalError, match="is of a real place"):
        release_without_approval(tmp_path, real.id, by="analyst-1")
    invented = submit(tmp_path, synthetic=True)
    release_without_approval(tmp_path, invented.id, by="analyst-1")
    assert current_release(tmp_path).id == invented.id


def test_a_release_that_nobody_approved_may_not_be_chosen(tmp_path):
    release = submit(tmp_path)
    release.path.rename(tmp_path / release.id)
    with pytest.raises(ApprovalError, match="Nothing says that anybody approved"):
        require_released(tmp_path, release.id)


def test_how_long_a_build_took_stands_beside_the_candidate_and_the_release(tmp_path):
    release = submit(tmp_path)
    before = release.path.joinpath("manifest.json").read_bytes()
    assert read_stages(release) == ()
    write_stages(release, [BuildStage(name="Read", seconds=9.0)])
    told = (BuildStage(name="Read", seconds=1.5, peak_bytes=2_000_000), BuildStage(name="Write", seconds=0.5))
    write_stages(release, told)
    assert read_stages(release) == told
    assert read_history(tmp_path, release.id)[0].action == "built"
    released = approve(tmp_path, release.id, by="steward-1", reason="Checked.", at=AT)
    assert read_stages(released) == told
    assert released.path.joinpath("manifest.json").read_bytes() == before


def test_times_of_a_build_that_cannot_be_read_are_left_untold(tmp_path):
    release = submit(tmp_path)
    write_stages(release, [BuildStage(name="Read", seconds=1.5)])
    (tmp_path / "decisions" / release.id / "stages.json").write_text("[{}]")
    assert read_stages(release) == ()
