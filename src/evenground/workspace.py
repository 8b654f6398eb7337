"""A workspace: one folder that holds a place's description, definitions, data and releases.

::

    place.toml       name, areas, population base, sources, disclosure policy
    agreements/      data-sharing agreements, which a build obeys
    definitions/     local indicators, features, code lists and profiles, added to those that ship
    data/            what providers sent: SECURE, never read by the site
    secure/          contract tables while a build runs or as prepared, and build reports: SECURE, mode 0700
    releases/        published releases: the only folder that the site reads
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from evenground.errors import DiskFullError, Fault, WorkspaceError, is_disk_full, suggest
from evenground.vocabulary import Purpose

PLACE_FILE = "place.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


YearAsText = BeforeValidator(lambda year: str(year) if isinstance(year, int) else year)
"""A year is a name here: 2021 and "2021" are the same edition."""


class PlaceSection(_Strict):
    """``[place]``: who this is, and the date that every figure is as at."""

    name: str = Field(min_length=1)
    code: str = Field(min_length=1)
    as_at: dt.date
    synthetic: bool = False


class AreasSection(_Strict):
    """``[areas]``: the look-up files and the editions they follow."""

    file: str = "data/areas.csv"
    practices: str | None = None
    boundaries: str | None = None
    pcn_boundaries: str | None = None
    lsoa_edition: Annotated[Literal["2011", "2021"], YearAsText]
    imd_edition: Annotated[str, YearAsText]


class PopulationSection(_Strict):
    """``[population]``: registered with the place's practices, or resident in its areas."""

    base: Literal["registered", "resident"] = "registered"


class IndicatorsSection(_Strict):
    """``[indicators]``: those that this place does not publish, although its records could tell them."""

    leave_out: tuple[str, ...] = ()


class DisclosureSection(_Strict):
    """``[disclosure]``: the named policy that every release follows, and how hard a build attacks itself.

    ``attack`` is ``programs`` (each sum by itself, and linear programs, which find what several sums say
    together) or ``sums`` (each sum by itself, which is quicker). A real place always has both.
    """

    policy: str = "nhs-7-5"
    attack: Literal["sums", "programs"] = "programs"


class AgreementsSection(_Strict):
    """``[agreements]``: what the figures are for, and what happens to those that no agreement covers.

    ``required`` left out means: for a real place yes, for an invented one no.
    """

    purpose: Purpose = Purpose.POPULATION_HEALTH_MANAGEMENT
    when_not_covered: Literal["refuse", "leave_out"] = "refuse"
    required: bool | None = None


class ReleaseSection(_Strict):
    """``[release]``: whether a second person approves what is built, and who may do so on the command line.

    ``approval`` left out means: for a real place ``two_person``, for an invented one ``none``.
    """

    approval: Literal["two_person", "none"] | None = None
    stewards: tuple[str, ...] = ()


class SecureSection(_Strict):
    """``[secure]``: what nobody can see of the disk that records lie on, and the keys to seal them to.

    ``recipients`` are public keys of age. Where there are any, what the secure zone keeps of people is
    sealed.
    """

    encrypted_volume: bool = False
    recipients: tuple[str, ...] = ()


class OptOutSection(_Strict):
    """One ``[[opt_outs]]``: a file of the identifiers of people who opted out, and of which sources."""

    kind: Literal["national", "type_1"]
    path: str = Field(min_length=1)
    column: str = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)


class PeriodsSection(_Strict):
    """``[periods]``: the earlier dates that every build works out as well, for time series."""

    years: Annotated[str | None, YearAsText] = None
    every: Literal["month", "quarter", "half-year", "year"] = "year"


class EngineSection(_Strict):
    """``[engine]``: what counts, where it runs, and how a cluster names the folder of the records."""

    kind: Literal["duckdb", "spark"] = "duckdb"
    url: str | None = None
    secure_url: str | None = None
    memory_limit: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind != "spark" and (self.url or self.secure_url):
            raise ValueError('url and secure_url go with kind = "spark"')
        if self.url and re.search(r"token=|password=|//[^/;]*@", self.url, re.IGNORECASE):
            raise ValueError("url holds a secret. Give the whole URL in EVENGROUND_ENGINE_URL instead")
        return self


class SourceSection(BaseModel):
    """One ``[[sources]]``: the kind decides what else may stand in it, and checks it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    kind: str

    @property
    def options(self) -> dict[str, Any]:
        """Everything but name and kind, for the source's own kind to read."""
        return dict(self.model_extra or {})


class Place(_Strict):
    """``place.toml``, checked."""

    place: PlaceSection
    areas: AreasSection
    population: PopulationSection = PopulationSection()
    disclosure: DisclosureSection = DisclosureSection()
    indicators: IndicatorsSection = IndicatorsSection()
    periods: PeriodsSection = PeriodsSection()
    engine: EngineSection = EngineSection()
    agreements: AgreementsSection = AgreementsSection()
    opt_outs: tuple[OptOutSection, ...] = ()
    release: ReleaseSection = ReleaseSection()
    secure: SecureSection = SecureSection()
    sources: tuple[SourceSection, ...] = ()

    @property
    def attacks_with_programs(self) -> bool:
        """Whether a build attacks itself with linear programs: always, but that an invented place may not."""
        return self.disclosure.attack == "programs" or not self.place.synthetic

    @model_validator(mode="after")
    def _is_approved(self) -> Self:
        if self.release.approval == "none" and not self.place.synthetic:
            raise ValueError(
                '[release] approval = "none" is for an invented place: this one is not synthetic'
            )
        return self


class Workspace:
    """The folder and its checked ``place.toml``."""

    def __init__(self, root: Path, place: Place) -> None:
        self.root = root
        self.place = place

    @property
    def definitions(self) -> Path:
        """Local definitions."""
        return self.root / "definitions"

    @property
    def agreements(self) -> Path:
        """Data-sharing agreements."""
        return self.root / "agreements"

    @property
    def needs_agreements(self) -> bool:
        """Whether a source without an agreement stops a build."""
        required = self.place.agreements.required
        return not self.place.place.synthetic if required is None else required

    @property
    def needs_approval(self) -> bool:
        """Whether the site shows a release only once a second person has approved it."""
        default = "none" if self.place.place.synthetic else "two_person"
        return (self.place.release.approval or default) == "two_person"

    @property
    def releases(self) -> Path:
        """Published releases."""
        return self.root / "releases"

    @property
    def secure(self) -> Path:
        """Working files of the secure zone; made with mode 0700 when first asked for."""
        folder = self.root / "secure"
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        return folder

    def path(self, relative: str) -> Path:
        """A path named in ``place.toml``, which is relative to the workspace unless it is absolute."""
        return self.root / relative


def load_workspace(root: Path) -> Workspace:
    """Read and check the workspace at ``root``.

    Raises
    ------
    WorkspaceError
        With every fault of ``place.toml``: file, key, what was found, the nearest right name.
    """
    path = root / PLACE_FILE
    if not path.is_file():
        fault = Fault(
            str(path), "is not there.", "Run 'evenground init' for a new workspace, or give its folder."
        )
        raise WorkspaceError("This is not a workspace.", [fault])
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{PLACE_FILE} cannot be read.", [Fault(PLACE_FILE, f"{error}.")]) from error
    try:
        return Workspace(root, Place.model_validate(raw))
    except ValidationError as error:
        raise WorkspaceError(
            f"{PLACE_FILE} cannot be used.", explain_validation(PLACE_FILE, error, Place)
        ) from None


def explain_validation(file: str, error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Pydantic's findings as faults: file and key, what was found, the nearest right name."""
    faults = []
    for finding in error.errors():
        key = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            known = _fields_at(model, finding["loc"][:-1])
            faults.append(
                Fault(f"{file}, {key}", "is not a known key.", suggest(str(finding["loc"][-1]), known))
            )
        elif finding["type"] == "missing":
            faults.append(Fault(f"{file}, {key}", "is missing.", "Add it."))
        else:
            received = (
                f' Received "{finding["input"]}".' if isinstance(finding["input"], str | int | float) else ""
            )
            faults.append(
                Fault(f"{file}, {key}", f"{finding['msg'].removeprefix('Value error, ')}.{received}")
            )
    return faults


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        info = getattr(current, "model_fields", {}).get(part)
        annotation = info.annotation if info else None
        current = next(
            (a for a in getattr(annotation, "__args__", ()) if hasattr(a, "model_fields")), annotation
        )
    return list(getattr(current, "model_fields", {}))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary neighbour first, then renamed over the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with told_if_full(path.parent):
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


_TEMPORARY: Final = re.compile(r"(?:\.[a-z]+|build)-(\d+)-\w+")
_in_use: set[str] = set()


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder of mode 0700 in ``parent``, named after this process, which is gone afterwards.

    Folders of the same name of processes that were killed before they could clear up go first.

    Raises
    ------
    DiskFullError
        Where what is done with it finds no disk left.
    """
    for left in parent.glob(f"{name}-*"):
        _remove_if_left(left)
    with told_if_full(parent):
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=parent))
        _in_use.add(folder.name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _in_use.discard(folder.name)


def remove_leftovers(folder: Path) -> None:
    """Remove, at any depth, the temporary folders of processes that were killed."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            _remove_if_left(Path(path) / name)


def _remove_if_left(folder: Path) -> None:
    found = _TEMPORARY.fullmatch(folder.name)
    if found and folder.is_dir() and folder.name not in _in_use and not _is_another(int(found[1])):
        shutil.rmtree(folder, ignore_errors=True)


def _is_another(process: int) -> bool:
    """Whether another process of this number runs; one of our own number was of an earlier start."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def told_if_full(folder: Path) -> Iterator[None]:
    """Tells in a sentence that there is no disk left, where ``folder`` lies or beside it.

    Raises
    ------
    DiskFullError
        In the place of the system's error, or of a library's that passes it on.
    """
    try:
        yield
        return
    except Exception as error:
        if isinstance(error, DiskFullError) or not is_disk_full(error):
            raise
    # From None: the words of a library may quote rows, and are not shown with the error.
    lasting = next(one for one in (folder, *folder.parents) if not _TEMPORARY.fullmatch(one.name))
    raise DiskFullError(f"{lasting.parent.name}/{lasting.name}", _free(folder)) from None


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
