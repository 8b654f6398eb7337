"""The parts of each FHIR resource that are read, as DuckDB types and SQL over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CODE_SYSTEMS: Final = {
    "http://snomed.info/sct": "snomed_ct",
    "https://dmd.nhs.uk": "dmd",
    "http://hl7.org/fhir/sid/icd-10": "icd_10",
    "http://hl7.org/fhir/sid/icd-10-uk": "icd_10",
    "http://read.info/ctv3": "ctv3",
    "http://loinc.org": "loinc",
}
"""Code systems by their URI. ``code_systems`` of ``place.toml`` adds to them, or changes them."""

_TEXT: Final = "VARCHAR"
_CONCEPT: Final = "STRUCT(coding STRUCT(system VARCHAR, code VARCHAR)[])"
_REFERENCE: Final = 'STRUCT(reference VARCHAR, identifier STRUCT(system VARCHAR, "value" VARCHAR))'
_QUANTITY: Final = 'STRUCT("value" VARCHAR)'
_PERIOD: Final = 'STRUCT("start" VARCHAR, "end" VARCHAR)'
_NESTED: Final = (
    "STRUCT(url VARCHAR, valueString VARCHAR, valueCode VARCHAR, valueCoding STRUCT(code VARCHAR))"
)
_EXTENSION: Final = (
    "STRUCT(url VARCHAR, valueString VARCHAR, valueCode VARCHAR, valueCoding STRUCT(code VARCHAR), "
    f"valueCodeableConcept {_CONCEPT}, extension {_NESTED}[])[]"
)

PATIENT: Final = {
    "resourceType": _TEXT,
    "id": _TEXT,
    "active": "BOOLEAN",
    "gender": _TEXT,
    "birthDate": _TEXT,
    "deceasedBoolean": "BOOLEAN",
    "deceasedDateTime": _TEXT,
    "identifier": 'STRUCT(system VARCHAR, "value" VARCHAR)[]',
    "address": f'STRUCT("use" VARCHAR, postalCode VARCHAR, period {_PERIOD}, extension {_NESTED}[])[]',
    "extension": _EXTENSION,
    "generalPractitioner": f"{_REFERENCE}[]",
    "managingOrganization": _REFERENCE,
    "link": 'STRUCT("type" VARCHAR)[]',
}


@dataclass(frozen=True, slots=True)
class Resource:
    """How a type of resource says whom it is about, when it was, what it is, and what it must not be.

    ``dates`` are tried in their order. ``codes`` are SQL lists of {uri, code, value}. ``marks`` are pairs of
    a mark of the staged events and the condition under which a row bears it.
    """

    columns: dict[str, str]
    subject: str
    dates: tuple[str, ...]
    codes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]


def _codings(concept: str, value: str = "NULL::VARCHAR") -> str:
    coded = f"{{'uri': c.system, 'code': c.code, 'value': {value}}}"
    return f"list_transform({concept}.coding, lambda c: {coded})"


_COMMON: Final = {"resourceType": _TEXT, "status": _TEXT}
_COMPONENTS: Final = (
    "flatten(list_transform(component, lambda p: list_concat("
    f"{_codings('p.code', 'p.valueQuantity.value')}, {_codings('p.valueCodeableConcept')})))"
)
_VACCINATION: Final = (
    "flatten(list_transform(list_filter(extension, lambda e: contains(e.url, 'VaccinationProcedure')), "
    f"lambda e: {_codings('e.valueCodeableConcept')}))"
)


_VERIFICATION: Final = "list_transform(verificationStatus.coding, lambda c: c.code)"


def _in_error(*not_done: str) -> tuple[tuple[str, str], ...]:
    listed = ", ".join(f"'{status}'" for status in not_done)
    return (("in_error", "status = 'entered-in-error'"), ("not_done", f"status IN ({listed})"))


RESOURCES: Final = {
    "Condition": Resource(
        {
            "resourceType": _TEXT,
            "subject": _REFERENCE,
            "code": _CONCEPT,
            "verificationStatus": _CONCEPT,
            "onsetDateTime": _TEXT,
            "onsetPeriod": _PERIOD,
            "recordedDate": _TEXT,
        },
        "subject",
        ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
        (_codings("code"),),
        (
            (
                "in_error",
                f"list_contains({_VERIFICATION}, 'entered-in-error')",
            ),
            (
                "not_confirmed",
                f"list_has_any({_VERIFICATION}, ['refuted', 'unconfirmed', 'provisional', 'differential'])",
            ),
        ),
    ),
    "Observation": Resource(
        _COMMON
        | {
            "subject": _REFERENCE,
            "code": _CONCEPT,
            "effectiveDateTime": _TEXT,
            "effectivePeriod": _PERIOD,
            "effectiveInstant": _TEXT,
            "issued": _TEXT,
            "valueQuantity": _QUANTITY,
            "valueInteger": _TEXT,
            "valueCodeableConcept": _CONCEPT,
            "component": f"STRUCT(code {_CONCEPT}, valueQuantity {_QUANTITY}, "
            f"valueCodeableConcept {_CONCEPT})[]",
        },
        "subject",
        ("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"),
        (
            _codings("code", "coalesce(valueQuantity.value, valueInteger)"),
            _codings("valueCodeableConcept"),
            _COMPONENTS,
        ),
        _in_error("cancelled"),
    ),
    "Immunization": Resource(
        _COMMON
        | {
            "patient": _REFERENCE,
            "vaccineCode": _CONCEPT,
            "extension": _EXTENSION,
            "occurrenceDateTime": _TEXT,
        },
        "patient",
        ("occurrenceDateTime",),
        (_codings("vaccineCode"), _VACCINATION),
        _in_error("not-done"),
    ),
    "Procedure": Resource(
        _COMMON
        | {"subject": _REFERENCE, "code": _CONCEPT, "performedDateTime": _TEXT, "performedPeriod": _PERIOD},
        "subject",
        ("performedDateTime", "performedPeriod.start"),
        (_codings("code"),),
        _in_error("not-done", "preparation"),
    ),
    "MedicationRequest": Resource(
        _COMMON
        | {
            "intent": _TEXT,
            "doNotPerform": "BOOLEAN",
            "subject": _REFERENCE,
            "medicationCodeableConcept": _CONCEPT,
            "authoredOn": _TEXT,
        },
        "subject",
        ("authoredOn",),
        (_codings("medicationCodeableConcept"),),
        (
            *_in_error("cancelled", "draft"),
            ("not_done", "doNotPerform OR intent IN ('proposal', 'plan', 'option')"),
        ),
    ),
    "Encounter": Resource(
        _COMMON | {"subject": _REFERENCE, "type": f"{_CONCEPT}[]", "period": _PERIOD},
        "subject",
        ("period.start",),
        (f"flatten(list_transform(type, lambda t: {_codings('t')}))",),
        _in_error("planned", "cancelled"),
    ),
}
"""The types of resources that become events."""
