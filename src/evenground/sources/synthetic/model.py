"""The table of assumptions that invented people follow: ``model.toml``, checked."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evenground.errors import DefinitionError
from evenground.sources.synthetic.margins import RECORDED_GROUPS
from evenground.workspace import explain_validation

MODEL_FILE: Final = Path(__file__).with_name("model.toml")
OLDEST: Final = 120

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Outcome(_Strict):
    """What decides whether a person has a trait, or is reached by a service, on the logit scale."""

    level: Share
    ages: tuple[int, int]
    sex: Literal["female"] | None = None
    deprivation: float
    female: float = 0.0
    age: tuple[tuple[int, float], ...]
    ethnic_groups: str | None = None
    area_sd: float = Field(ge=0)
    small_area_sd: float = Field(ge=0)
    given: dict[str, float] = {}

    def age_curve(self) -> npt.NDArray[np.float64]:
        """Logit by single year of age, from 0 to :data:`OLDEST`."""
        years, values = zip(*self.age, strict=True)
        return np.asarray(np.interp(np.arange(OLDEST + 1), years, values))


class Admissions(_Strict):
    """Expected events of a person at risk; the coefficients multiply on the log scale."""

    mean: float = Field(gt=0)
    deprivation: float
    current_smoker: float
    area_sd: float = Field(ge=0)


class Recording(_Strict):
    """Share of people for whom something is on record at all."""

    smoking_status: Share
    cancer_stage: Share


class Measurement(_Strict):
    """How often something is recorded, and what values it takes."""

    recent: Share
    recent_ltc: Share
    earlier: float = Field(ge=0)
    mean: float = 0.0
    sd: float = 0.0
    decimals: int = 0
    lowest: float = 0.0
    highest: float = 0.0


class FaultShares(_Strict):
    """How much of what real extracts hold is planted."""

    ethnic_blank: Share
    ethnic_not_stated: Share
    ethnic_not_known: Share
    sex_indeterminate: Share
    no_fixed_abode: Share
    died: Share
    left: Share
    duplicate_events: Share
    values_out_of_range: Share
    future_events: Share
    unknown_person_events: Share


class GapCommunity(_Strict):
    """Where a gap is planted, in words that any place's margins can answer."""

    place: int = Field(ge=1)
    ethnic_group: Literal[RECORDED_GROUPS] | None = None  # type: ignore[valid-type]
    imd_quintile: int | None = Field(default=None, ge=1, le=5)


class Gap(_Strict):
    """A planted gap: percentage points that no main effect explains."""

    indicator: str
    community: GapCommunity
    points: float


class Model(_Strict):
    """All assumptions."""

    version: str
    patterns: dict[str, dict[str, float]]
    traits: dict[str, Outcome]
    services: dict[str, Outcome]
    admissions: dict[str, Admissions]
    recording: Recording
    measurements: dict[str, Measurement]
    faults: FaultShares
    gaps: tuple[Gap, ...]

    def ethnic_effects(self, outcome: Outcome) -> npt.NDArray[np.float64]:
        """Logit against White British of each of the 16 groups."""
        pattern = self.patterns[outcome.ethnic_groups] if outcome.ethnic_groups else {}
        return np.array([pattern.get(code, 0.0) for code in RECORDED_GROUPS])


@cache
def load_model(path: Path = MODEL_FILE) -> Model:
    """Read the table of assumptions.

    Raises
    ------
    DefinitionError
        With every fault of the file.
    """
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return Model.model_validate(raw)
    except ValidationError as error:
        raise DefinitionError(
            f"{path.name} cannot be used.", explain_validation(path.name, error, Model)
        ) from None
