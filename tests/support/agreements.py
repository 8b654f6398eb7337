"""A data-sharing agreement that every test changes in one way."""

from __future__ import annotations

from pathlib import Path

AGREEMENT = """\
id = "gp_records"
title = "GP records for population health management"
author = "Information governance officer"
checker = "Data protection officer"
purposes = ["population_health_management", "service_planning"]
dpia = "DPIA-2026-01"
start = 2026-01-01
review = 2026-10-01
end = 2027-03-31

[legal_basis]
article_6 = "6(1)(e)"
article_9 = "9(2)(h)"
confidentiality = "section_251"
reference = "26/CAG/0000"

[opt_outs]
national = "removed_by_provider"
type_1 = "removed_by_provider"

[retention]
months = 24
days_after_end = 30

[[parties]]
name = "GP practices"
role = "controller"

[[parties]]
name = "Partnership"
role = "processor"

[[datasets]]
source = "GP records"
giver = "GP practices"
receiver = "Partnership"
from_gp_records = true
fields = "all"
features = "all"

[[signatures]]
party = "GP practices"
by = "Caldicott Guardian"
signed = 2025-12-10
"""


def write_agreement(root: Path, *changes: tuple[str, str], name: str = "gp_records") -> Path:
    """Write the agreement into a workspace, with each first text replaced by its second."""
    text = AGREEMENT.replace('id = "gp_records"', f'id = "{name}"')
    for old, new in changes:
        if old not in text:
            raise ValueError(f"{old!r} is not in the agreement")
        text = text.replace(old, new)
    path = root / "agreements" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
