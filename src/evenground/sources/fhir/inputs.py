"""A bulk export as persons and events: SQL that makes the columns of the checks of its resources."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from evenground.errors import Fault
from evenground.sources.fhir.files import find_resources, scan
from evenground.sources.fhir.options import FhirOptions
from evenground.sources.fhir.resources import CODE_SYSTEMS, PATIENT, RESOURCES, Resource
from evenground.sources.staging import words
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    check_columns,
    find_files,
    open_file,
    quote,
)
from evenground.sources.staging.inputs import UNKNOWN_PERSON, Input, Intake, Opened
from evenground.sources.staging.session import Session
from evenground.vocabulary import Sex

GENDERS: Final = {"other": str(Sex.INDETERMINATE)}
"""The administrative gender that the words of an extract do not have."""

_ODS: Final = "ods-organization-code"


def open_fhir(options: FhirOptions, intake: Intake, *, adds_people: bool) -> Opened:
    """Find the files and say how each is read."""
    types: tuple[str, ...] = options.resources or tuple(RESOURCES)
    files, faults = find_resources(options.path, ("Patient", *types), intake)
    held = {resource for resource, _ in files}
    faults += [
        Fault(f"{options.path}, {name}.ndjson", "is not there.", "Leave it out of resources.")
        for name in options.resources
        if name not in held and not any(f"/{name}" in fault.where for fault in faults)
    ]
    lookup, lookup_faults = _open_lookup(options, intake)
    reader = _Reader(
        options,
        tuple(file for resource, file in files if resource == "Patient"),
        lookup,
        f"fhir_{intake.next_copy().name.rpartition('-')[2]}",
    )
    inputs = [reader.persons(file, is_first=place == 0) for place, file in enumerate(reader.patients)]
    inputs += [reader.events(resource, file) for resource, file in files if resource != "Patient"]
    return Opened(inputs, [*faults, *lookup_faults])


def _open_lookup(options: FhirOptions, intake: Intake) -> tuple[InputFile | None, list[Fault]]:
    postcodes = options.postcodes
    if postcodes is None:
        return None, []
    wanted = (postcodes.postcode, postcodes.lsoa_code)
    try:
        found = find_files(postcodes.path, intake.root, "postcodes")
        name, path = found[0]
        file = open_file(name, path, wanted=wanted, separator=None, copy=intake.next_copy())
    except FileError as error:
        return None, [error.fault]
    return file, check_columns(file, dict.fromkeys(wanted, "Check postcodes in place.toml."), "")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds the SQL of one source. ``prefix`` starts the names of its temporary tables."""

    options: FhirOptions
    patients: tuple[InputFile, ...]
    lookup: InputFile | None
    prefix: str

    def persons(self, file: InputFile, *, is_first: bool) -> Input:
        identifier = "identifier" if self.options.identifier else "id"
        labels = {
            "person_id": identifier,
            "birth_date": "birthDate",
            "sex": "gender",
            "ethnic_group": "ethnic category",
            "lsoa_code": "address",
            "practice_code": "generalPractitioner",
            "death_date": "deceasedDateTime",
            "mark": "(mark)",
        }
        given = self.options.values
        values = {
            "sex": GENDERS | (given.sex or {}),
            "ethnic_group": given.ethnic_group or {},
            "lsoa_code": given.lsoa_code or {},
            "practice_code": given.practice_code or {},
        }
        return Input(
            "persons",
            _as_text(file, tuple(labels.values()), lambda _: self._persons_sql(file)),
            labels,
            values,
            prepare=self._prepare if is_first else None,
        )

    def _persons_sql(self, file: InputFile) -> str:
        mark = (
            "CASE WHEN resourceType IS DISTINCT FROM 'Patient' THEN 'unreadable' "
            f"WHEN list_contains(list_transform(link, lambda k: k.type), 'replaced-by') "
            f"OR (active = false AND deceasedDateTime IS NULL AND deceasedBoolean IS DISTINCT FROM true) "
            f"THEN 'not_in_use' "
            f"WHEN deceasedBoolean AND deceasedDateTime IS NULL THEN 'died_undated' "
            f"WHEN length(birthDate) = 4 THEN '{words.IN_PART}' END"
        )
        born = "CASE WHEN length(birthDate) = 4 THEN concat(birthDate, '-07-01') ELSE birthDate END"
        return f"""(
            SELECT pseudonym AS c0, born AS c1, gender AS c2, ethnic AS c3,
                coalesce(lsoa, postcodes.lsoa_code) AS c4, practice AS c5, died AS c6, mark AS c7
            FROM (
                SELECT {self._pseudonym()} AS pseudonym, {born} AS born, gender, {self._ethnic()} AS ethnic,
                    {self._lsoa()} AS lsoa, {_postcode(f"({_HOME}).postalCode")} AS postcode,
                    {_PRACTICE} AS practice, {_whole_date("deceasedDateTime")} AS died, {mark} AS mark
                FROM {scan(file, PATIENT)}
            ) LEFT JOIN {self.prefix}_postcodes AS postcodes USING (postcode))"""

    def _pseudonym(self) -> str:
        system = self.options.identifier
        if system is None:
            return "id"
        return f"list_filter(identifier, lambda i: i.system = {quote(system)})[1].value"

    def _ethnic(self) -> str:
        url = self.options.ethnic_extension
        fits = f"e.url = {quote(url)}" if url else "contains(e.url, 'EthnicCategory')"
        found = f"list_filter(extension, lambda e: {fits})[1]"
        return (
            f"coalesce(({found}).valueCodeableConcept.coding[1].code, ({found}).valueCoding.code, "
            f"({found}).valueCode, ({found}).valueString, "
            f"list_filter(({found}).extension, lambda n: n.valueCoding.code IS NOT NULL)[1].valueCoding.code)"
        )

    def _lsoa(self) -> str:
        url = self.options.lsoa_extension
        if url is None:
            return "NULL::VARCHAR"
        on_address = f"list_filter(({_HOME}).extension, lambda e: e.url = {quote(url)})[1]"
        on_patient = f"list_filter(extension, lambda e: e.url = {quote(url)})[1]"
        places = (on_address, on_patient)
        return f"coalesce({', '.join(f'({p}).valueString, ({p}).valueCode' for p in places)})"

    def _prepare(self, session: Session) -> list[str]:
        """The look-up of postcodes, and of the patients' identifiers where events refer to another."""
        rejects = f"rejects_{self.prefix}"
        select = "SELECT NULL::VARCHAR AS postcode, NULL::VARCHAR AS lsoa_code WHERE false"
        if self.lookup and self.options.postcodes:
            postcode, lsoa = (
                f"c{self.lookup.find(column)}::VARCHAR"
                for column in (self.options.postcodes.postcode, self.options.postcodes.lsoa_code)
            )
            select = (
                f"SELECT {_postcode(postcode)} AS postcode, min({lsoa}) AS lsoa_code "
                f"FROM {self.lookup.scan(rejects)} GROUP BY ALL"
            )
        session.run(f"CREATE TEMP TABLE {self.prefix}_postcodes AS {select}", self.lookup)
        rejected, _ = session.take_rejected(rejects)
        if self.options.identifier:
            session.run(f"CREATE TEMP TABLE {self.prefix}_names (key VARCHAR, value VARCHAR)")
            for file in self.patients:
                select = f"SELECT id, {self._pseudonym()} FROM {scan(file, PATIENT)} WHERE id IS NOT NULL"
                session.run(f"INSERT INTO {self.prefix}_names {select}", file)
        return [
            f"{self.lookup and self.lookup.name}: {count:,} left out, {why}"
            for why, count in rejected.items()
        ]

    def events(self, name: str, file: InputFile) -> Input:
        resource = RESOURCES[name]
        labels = {
            "person_id": f"{resource.subject}.reference",
            "code_system": "coding.system",
            "code": "coding.code",
            "event_date": resource.dates[0],
            "value": "value",
            "mark": "(mark)",
        }
        return Input(
            "events",
            _as_text(file, tuple(labels.values()), lambda _: self._events_sql(name, resource, file)),
            labels,
            is_optional=True,
        )

    def _events_sql(self, name: str, resource: Resource, file: InputFile) -> str:
        """One row for each coding of a system that we know; one for a resource that has none."""
        systems = CODE_SYSTEMS | self.options.code_systems
        whens = " ".join(f"WHEN {quote(uri)} THEN {quote(system)}" for uri, system in systems.items())
        whens += " ELSE '(other)'"
        coded = f"{{'system': CASE x.uri {whens} END, 'code': x.code, 'value': x.value}}"
        all_codes = (
            f"list_concat({', '.join(resource.codes)})" if len(resource.codes) > 1 else resource.codes[0]
        )
        date = f"coalesce({', '.join(resource.dates)})"
        reference = f"{resource.subject}.reference"
        marks = " ".join(f"WHEN {condition} THEN '{mark}'" for mark, condition in resource.marks)
        pseudonym, join = "key", ""
        if self.options.identifier:
            logical = (
                f"CASE WHEN identifier.system = {quote(self.options.identifier)} THEN identifier.value END"
            )
            pseudonym = (
                f"coalesce(names.value, {logical}, CASE WHEN key IS NOT NULL THEN {UNKNOWN_PERSON} END)"
            )
            join = f"LEFT JOIN {self.prefix}_names AS names USING (key)"
        return f"""(
            SELECT pseudonym AS c0, coded.system AS c1, coded.code AS c2, happened AS c3, coded.value AS c4,
                mark AS c5
            FROM (
                SELECT {pseudonym} AS pseudonym, {_whole_date("happened")} AS happened, mark,
                    unnest(CASE WHEN len(known) > 0 THEN known WHEN len(codes) > 0 THEN codes[:1]
                        ELSE [NULL] END) AS coded
                FROM (
                    SELECT *, list_filter(codes, lambda x: x.system <> '(other)') AS known
                    FROM (
                        SELECT {_patient(reference)} AS key, {resource.subject}.identifier AS identifier,
                            {date} AS happened,
                            CASE WHEN resourceType IS DISTINCT FROM '{name}' THEN 'unreadable' {marks}
                                WHEN {_is_other(reference)} THEN 'not_a_patient'
                                WHEN length({date}) IN (4, 7) THEN '{words.IN_PART}' END AS mark,
                            list_filter(list_transform({all_codes}, lambda x: {coded}),
                                lambda x: x.code IS NOT NULL) AS codes
                        FROM {scan(file, resource.columns)}
                    )
                ) {join}
            ))"""


_HOME: Final = (
    "coalesce(list_filter(address, lambda a: a.use = 'home' AND a.period.end IS NULL)[1], "
    "list_filter(address, lambda a: coalesce(a.use, '') NOT IN ('old', 'billing') "
    "AND a.period.end IS NULL)[1])"
)
_PRACTICE: Final = (
    f"coalesce(list_filter(generalPractitioner, lambda g: contains(g.identifier.system, '{_ODS}'))[1]"
    ".identifier.value, "
    f"CASE WHEN contains(managingOrganization.identifier.system, '{_ODS}') "
    "THEN managingOrganization.identifier.value END)"
)


def _as_text(file: InputFile, labels: tuple[str, ...], relation: Callable[[str], str]) -> InputFile:
    return replace(file, columns=labels, types=("VARCHAR",) * len(labels), relation=relation)


def _postcode(text: str) -> str:
    return f"upper(regexp_replace({text}, '[^A-Za-z0-9]', '', 'g'))"


def _whole_date(text: str) -> str:
    """SQL for a date of which FHIR may give the year or month alone: its first day."""
    return f"concat({text}, CASE length({text}) WHEN 4 THEN '-01-01' WHEN 7 THEN '-01' END)"


def _patient(reference: str) -> str:
    """SQL for the patient's id in a reference: Patient/1, urn:uuid:1, https://.../Patient/1/_history/2."""
    return (
        f"CASE WHEN starts_with({reference}, 'urn:uuid:') THEN substr({reference}, 10) "
        f"ELSE regexp_extract({reference}, '([^/:]+)(/_history/[^/]*)?$', 1) END"
    )


def _is_other(reference: str) -> str:
    """SQL for whether a reference is to something other than a patient."""
    return (
        f"NOT starts_with({reference}, 'Patient/') "
        f"AND regexp_matches({reference}, '(^|/)[A-Z][A-Za-z]+/[^/]+(/_history/[^/]*)?$') "
        f"AND NOT contains({reference}, '/Patient/')"
    )
