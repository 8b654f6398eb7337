"""Evidence, interventions and staff are read from TOML, and every fault is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.errors import DefinitionError
from evenground.indicators import SHIPPED, load_definitions
from evenground.spending import load_deliverability, load_evidence, load_offer
from evenground.spending.loader import check_records

REVIEWED = 'author = "Prevention lead"\nchecker = "Public health consultant"\nreview_date = 2027-11-30\n'
EVENING = f"""
id = "evening"
name = "Evening opening"
kind = "evening_opening"
unit = "evening"
serves = "area_code"
{REVIEWED}
cost = {{ each = 380, per_contact = 2 }}
capacity = {{ contacts = 50, per_week = 2 }}
effect = {{ value = 0.1, lower = 0.05, upper = 0.2, source = "A made-up trial, 2020" }}
staff = {{ nurse = 4 }}
"""
NURSE = f"""
id = "nurse"
name = "Nurse"
hours_per_week = 37.5
cost_per_week = 900
{REVIEWED}
"""
GAIN = f"""
id = "bowel"
name = "Bowel screening"
service = "bowel_screening"
unit = "quality-adjusted life years"
population = "Adults of a made-up trial"
reviewed = 2026-11-01
{REVIEWED}
gain = {{ value = 0.02, lower = 0.01, upper = 0.03, source = "A made-up trial, 2020" }}
"""

KNOWN = f"""
id = "evenings"
name = "What practice managers know"
source = "Practice managers of a made-up place, 2026"
{REVIEWED}

[[known]]
communities = {{ ethnic_group = ["J", "N"] }}
capacity = 40
barriers_heard = ["No evening appointments"]
"""


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    folder = tmp_path / "interventions"
    (folder / "staff").mkdir(parents=True)
    (folder / "evening.toml").write_text(EVENING, encoding="utf-8")
    (folder / "staff" / "nurse.toml").write_text(NURSE, encoding="utf-8")
    return folder


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load_offer(folder)
    return [str(fault) for fault in raised.value.faults]


def test_interventions_and_staff_are_read(offered):
    offer = load_offer(offered)
    assert [one.kind_name for one in offer.interventions] == ["Evening opening"]
    assert offer.interventions[0].staff == {"nurse": 4.0}
    assert [role.id for role in offer.staff] == ["nurse"]


def test_every_fault_of_every_file_is_told_at_once(offered):
    text = EVENING.replace("each = 380", "each = -1").replace(', source = "A made-up trial, 2020"', "")
    (offered / "evening.toml").write_text(text, encoding="utf-8")
    bad = EVENING.replace("nurse = 4", "nurze = 4").replace("upper = 0.2", "upper = 0.06")
    (offered / "pop_up.toml").write_text(bad, encoding="utf-8")
    told = "\n".join(faults_of(offered))
    assert "interventions/evening.toml, cost.each: Input should be greater than or equal to 0" in told
    assert "interventions/evening.toml, effect.source: is missing. Add it." in told
    assert 'interventions/pop_up.toml, id: is "evening", but the file is named pop_up.' in told
    assert "interventions/pop_up.toml, effect: the interval 0.05 to 0.06 does not hold 0.1" in told


def test_staff_without_a_record_are_named(offered):
    (offered / "evening.toml").write_text(EVENING.replace("nurse = 4", "nurze = 4"), encoding="utf-8")
    assert faults_of(offered) == [
        'interventions/evening.toml, staff.nurze: has no record in the folder staff. Did you mean "nurse"?'
    ]


def test_a_local_assumption_needs_its_reason(offered):
    text = EVENING.replace("A made-up trial, 2020", "local assumption")
    (offered / "evening.toml").write_text(text, encoding="utf-8")
    assert "a local assumption needs a reason" in faults_of(offered)[0]
    reasoned = text.replace('assumption"', 'assumption", reason = "As at the pilot practice"')
    (offered / "evening.toml").write_text(reasoned, encoding="utf-8")
    assert load_offer(offered).interventions[0].effect.is_assumed


def test_a_folder_that_is_not_there_or_empty_is_a_fault(tmp_path):
    assert "is not there" in faults_of(tmp_path / "none")[0]
    (tmp_path / "empty").mkdir()
    assert "holds no intervention" in faults_of(tmp_path / "empty")[0]


def test_evidence_is_read_and_a_place_s_own_comes_last(tmp_path):
    for name, value in (("shipped", "0.02"), ("own", "0.025")):
        (tmp_path / name).mkdir()
        text = GAIN.replace("value = 0.02", f"value = {value}")
        (tmp_path / name / "bowel.toml").write_text(text, encoding="utf-8")
    assert [one.gain.value for one in load_evidence(tmp_path / "shipped", tmp_path / "own")] == [0.025]
    assert load_evidence(tmp_path / "none") == ()


def test_the_evidence_that_ships_can_be_read_and_names_a_publication():
    shipped = load_evidence(SHIPPED / "evidence")
    services = load_definitions().indicators
    assert shipped
    for one in shipped:
        assert one.service in services
        assert not one.gain.is_assumed
        assert one.gain.url


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('source = "A made-up trial, 2020"', 'source = ""'), "gain.source"),
        (("reviewed = 2026-11-01", "reviewed = 2028-11-01"), "is not after the last"),
        (("value = 0.02, lower = 0.01", "value = 0, lower = -0.01"), "is no gain"),
        (('checker = "Public health consultant"', 'checker = "prevention lead"'), "are the same"),
        (("unit =", "unite ="), "is not a known key"),
        (("[", "["), ""),
    ],
)
def test_evidence_without_a_source_or_a_sense_is_refused(tmp_path, change, told):
    text = GAIN.replace(*change) if told else "id = ["
    (tmp_path / "bowel.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as raised:
        load_evidence(tmp_path)
    assert (told or "cannot be read") in str(raised.value)


def test_a_check_finds_the_faults_of_every_record_of_a_place(offered):
    (offered.parent / "evidence").mkdir()
    check_records(offered.parent)
    (offered.parent / "evidence" / "bowel.toml").write_text(
        GAIN.replace("unit =", "unite ="), encoding="utf-8"
    )
    (offered / "evening.toml").write_text(EVENING.replace("each = 380", "each = -1"), encoding="utf-8")
    with pytest.raises(DefinitionError) as raised:
        check_records(offered.parent)
    told = str(raised.value)
    assert "evidence/bowel.toml, unite" in told
    assert "interventions/evening.toml, cost.each" in told


def test_what_is_known_of_serving_communities_is_read_and_faults_are_told(tmp_path):
    folder = tmp_path / "deliverability"
    assert load_deliverability(folder) == ()
    folder.mkdir()
    (folder / "evenings.toml").write_text(KNOWN, encoding="utf-8")
    assert load_deliverability(folder)[0].known[0].capacity == 40
    bad = KNOWN.replace("capacity = 40", "capacity = -1").replace("source =", "sauce =")
    (folder / "evenings.toml").write_text(bad, encoding="utf-8")
    (folder / "empty.toml").write_text(KNOWN.replace("evenings", "empty").split("capacity")[0])
    with pytest.raises(DefinitionError) as raised:
        check_records(tmp_path)
    told = "\n".join(str(fault) for fault in raised.value.faults)
    assert "deliverability/evenings.toml, source: is missing. Add it." in told
    assert (
        "deliverability/evenings.toml, known.0.capacity: Input should be greater than or equal to 0" in told
    )
    assert "deliverability/empty.toml, known.0: nothing is known here" in told
