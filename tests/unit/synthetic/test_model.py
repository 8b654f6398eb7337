from __future__ import annotations

from pathlib import Path

import pytest

from evenground.errors import DefinitionError
from evenground.sources.synthetic.margins import RECORDED_GROUPS
from evenground.sources.synthetic.model import MODEL_FILE, Outcome, load_model

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "synthetic-place.md"


def rows_of_page() -> dict[str, list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


@pytest.mark.parametrize("name", [*load_model().traits, *load_model().services])
def test_the_page_says_what_the_model_assumes(name: str) -> None:
    model = load_model()
    outcome: Outcome = (model.traits | model.services)[name]
    _, level, deprivation, women, _, _ = rows_of_page()[name]
    assert float(level.removesuffix("%")) == pytest.approx(100 * outcome.level, abs=0.051)
    assert float(deprivation) == outcome.deprivation
    assert float(women) == outcome.female


def test_every_pattern_covers_every_group_but_white_british() -> None:
    for name, pattern in load_model().patterns.items():
        assert set(pattern) == {*RECORDED_GROUPS} - {"A"}, name


def test_traits_are_drawn_before_what_they_influence() -> None:
    model = load_model()
    drawn: set[str] = set()
    for name, outcome in model.traits.items():
        assert set(outcome.given) <= drawn, name
        drawn.add(name)
    assert all(set(outcome.given) <= drawn for outcome in model.services.values())


def test_uptake_falls_with_deprivation_and_disease_rises() -> None:
    model = load_model()
    assert all(outcome.deprivation < 0 for outcome in model.services.values())
    assert all(outcome.deprivation > 0 for outcome in model.traits.values())


def test_twelve_gaps_are_planted_some_where_deprivation_is_low() -> None:
    gaps = load_model().gaps
    assert len(gaps) == 12
    assert sum(gap.community.imd_quintile in (4, 5) for gap in gaps) == 3
    assert all(15 <= abs(gap.points) <= 30 for gap in gaps)


def test_a_wrong_key_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    text = MODEL_FILE.read_text(encoding="utf-8")
    path.write_text(text.replace("\nsmall_area_sd", "\nsmall_area_ds", 1), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"traits\.current_smoker\.small_area_ds"):
        load_model(path)
