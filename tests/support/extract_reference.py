"""The tables of docs/reference/extract.md that come from the code.

``python -m tests.support.extract_reference`` writes them into the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from evenground.contract import EVENTS, PERSONS, Column
from evenground.geography import AREA_COLUMNS, PRACTICE_COLUMNS, WIDER_COLUMNS
from evenground.sources.staging import words

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "extract.md"

_BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)

_AREA_WORDS = {
    "lsoa_code": "GSS code of the LSOA",
    "msoa_code": "GSS code of its MSOA",
    "msoa_name": "Name of the MSOA: the House of Commons Library's, which people know",
    "ward_code": "GSS code of its ward (best fit)",
    "ltla_code": "GSS code of its lower-tier local authority",
    "icb_code": "Code of its integrated care board; it and the name may be left out",
    "imd_rank": "Rank in England by the edition that `imd_edition` names, 1 = most deprived",
    "imd_decile": "Decile in England by the same edition, 1 = most deprived",
    "practice_code": "ODS code of the practice",
    "pcn_code": "ODS code of its primary care network",
}


def contract_table(columns: Iterable[Column]) -> str:
    """The columns of a contract table."""
    rows = [
        f"| `{c.name}` | {c.sql_type} | {'yes' if c.required else 'no'} | {c.description} |" for c in columns
    ]
    return "\n".join(["| column | type | in every row | what it holds |", "|---|---|---|---|", *rows])


def reasons_table(reasons: dict[str, str]) -> str:
    """Reasons and what each means."""
    rows = [f"| {reason} | {meaning} |" for reason, meaning in reasons.items()]
    return "\n".join(["| in the report | what it means |", "|---|---|", *rows])


def lookup_table(columns: Iterable[str]) -> str:
    """The columns of a look-up file."""
    rows = [f"| `{name}` | {_AREA_WORDS.get(name, 'Its name')} |" for name in columns]
    return "\n".join(["| column | what it holds |", "|---|---|", *rows])


def tables() -> dict[str, str]:
    """Every generated table of the page, by its name."""
    return {
        "persons": contract_table(PERSONS),
        "events": contract_table(EVENTS),
        "dropped persons": reasons_table(words.DROPPED_PERSONS),
        "dropped events": reasons_table(words.DROPPED_EVENTS),
        "changed persons": reasons_table(words.CHANGED_PERSONS),
        "changed events": reasons_table(words.CHANGED_EVENTS),
        "areas": lookup_table((*AREA_COLUMNS, *WIDER_COLUMNS)),
        "practices": lookup_table(PRACTICE_COLUMNS),
    }


def render_page(text: str) -> str:
    """The page with its generated tables as the code has them."""
    made = tables()
    return _BLOCK.sub(lambda found: f"{found[1]}\n{made[found['name']]}\n\n{found[4]}", text)


def block_names(text: str) -> list[str]:
    """The generated tables that the page has a place for."""
    return [found["name"] for found in _BLOCK.finditer(text)]


if __name__ == "__main__":
    PAGE.write_text(render_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
