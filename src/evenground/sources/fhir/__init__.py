"""A FHIR R4 bulk export, one resource a line, to the contract: see docs/reference/fhir.md."""

from evenground.sources.fhir.inputs import open_fhir
from evenground.sources.fhir.options import FhirOptions

__all__ = ["FhirOptions", "open_fhir"]
