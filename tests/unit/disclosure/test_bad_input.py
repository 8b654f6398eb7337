"""What the policies, tables and areas of a place may not be: told in a sentence, all at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evenground.disclosure import audit, find_dominated, find_policy, load_policy, policy_names
from evenground.disclosure.policies import Policy
from evenground.errors import DisclosureError, WorkspaceError
from tests.support.town import make_town, publish

ROUNDED = load_policy("nhs-7-5")


def write_policy(folder, name: str = "ours", **changes: object) -> None:
    rules = {**ROUNDED.model_dump(exclude={"dominance"}), "id": name, **changes}
    lines = [f"{key} = {_toml(value)}" for key, value in rules.items()]
    (folder / "disclosure").mkdir(exist_ok=True)
    (folder / "disclosure" / f"{name}.toml").write_text("\n".join(lines))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def test_a_place_may_write_its_own_policy(tmp_path):
    write_policy(tmp_path, suppress_to=9, round_to=10, possible_values=7)
    assert "ours" in policy_names(tmp_path)
    policy = load_policy("ours", own=tmp_path)
    assert (policy.suppress_to, policy.possible_values) == (9, 7)
    assert find_policy(policy.label, own=tmp_path) == policy


def test_every_contradiction_of_a_policy_is_told_at_once(tmp_path):
    write_policy(
        tmp_path, suppress_from=3, suppress_to=5, round_to=1, secondary=False, possible_values=9, colour="red"
    )
    with pytest.raises(WorkspaceError) as first:
        load_policy("ours", own=tmp_path)
    assert "colour: is not a known key" in str(first.value)
    write_policy(tmp_path, suppress_from=3, suppress_to=5, round_to=1, secondary=False, possible_values=9)
    with pytest.raises(WorkspaceError) as told:
        load_policy("ours", own=tmp_path)
    assert len(told.value.faults) == 3
    for words in ("from 1 to 2 would be shown", "only 3 counts are hidden", "Exact counts without secondary"):
        assert words in str(told.value)


def test_a_place_cannot_put_its_own_rules_under_the_name_of_a_policy_that_ships(tmp_path):
    write_policy(tmp_path, "nhs-7-5")
    with pytest.raises(WorkspaceError, match="has the id of a policy that ships"):
        load_policy("nhs-7-5", own=tmp_path)


def test_a_release_is_held_to_the_version_of_the_policy_that_made_it():
    with pytest.raises(DisclosureError, match=r"Build it again"):
        find_policy("nhs-7-5 (version 0.9)")


def test_areas_that_lie_within_themselves_are_named():
    release = publish(make_town(1), ROUNDED, secondary=False)
    areas = release.tables["areas"]
    looped = areas.with_columns(
        pl.when(pl.col("area_code") == "M1")
        .then(pl.lit("L1"))
        .otherwise("parent_area_code")
        .alias("parent_area_code")
    )
    with pytest.raises(DisclosureError, match=r"in a loop: lsoa L1, msoa M1"):
        audit(replace(release, tables={**release.tables, "areas": looped}))


def test_negative_counts_are_refused_without_showing_them():
    release = publish(make_town(1), ROUNDED, secondary=False)
    values = release.tables["values"].with_columns(pl.col("numerator") - 4_000)
    with pytest.raises(DisclosureError, match=r"cells of values.numerator of release are negative") as told:
        audit(replace(release, tables={**release.tables, "values": values}))
    assert "-3" not in str(told.value)


def test_tables_of_different_records_are_told_apart():
    first, second = (publish(make_town(seed, mean=40.0), ROUNDED, secondary=False) for seed in (1, 2))
    of_lsoas = pl.col("area_type") == "lsoa"
    mixed = pl.concat([first.tables["values"].filter(of_lsoas), second.tables["values"].filter(~of_lsoas)])
    with pytest.raises(DisclosureError, match="contradict each other"):
        audit(replace(first, tables={**first.tables, "values": mixed}))


def test_a_sum_that_two_contribute_nearly_all_of_is_dominated():
    policy = Policy.model_validate(ROUNDED.model_dump() | {"dominance": {"largest": 2, "share": 0.85}})
    spent = np.array([900.0, 80.0, 20.0, 300.0, 350.0, 340.0])
    cells = np.array([0, 0, 0, 1, 1, 1])
    assert find_dominated(spent, cells, policy).tolist() == [True, False]
    assert not find_dominated(spent, cells, ROUNDED).any()
    with pytest.raises(DisclosureError, match="1 contributions are negative"):
        find_dominated(np.array([-1.0, 2.0]), np.array([0, 0]), policy)


def test_findings_never_tell_the_count_they_are_about():
    release = publish(make_town(3), load_policy("threshold-10"), secondary=False)
    found = audit(release)
    assert not found.is_safe
    with pytest.raises(DisclosureError, match="can be worked out more closely"):
        found.require_safe()
    assert all(finding.possible < finding.needed for finding in found.findings)
