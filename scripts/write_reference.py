"""Write the reference pages that are made from the code and the definitions: ``make docs``.

``--check`` writes nothing and fails where a page is out of date; a test runs that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from evenground.indicators import SHIPPED, Indicator, load_definitions
from evenground.releases import DOCUMENTS, TABLES
from evenground.workspace import write_atomically

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

_RELEASE_INTRODUCTION = """\
# What a release holds

*Made by `make docs` from `evenground.releases`. Do not edit.*

A release is a folder `releases/<date>-<digest>/` with `manifest.json`, the tables below as Parquet, and
the documents {documents}. `value` and its limits are on the scale of the indicator (per cent, or per
100,000). `value_note` is `published`, `zero`, `suppressed`, `missing` or `too_few_events`: where it is not
one of the first two, the figure is null. Counts follow the policy that the manifest names. Quintile and
decile 1 are the most deprived.
"""
_INDICATORS_INTRODUCTION = """\
# The indicators that ship

*Made by `make docs` from `src/evenground/definitions`. Do not edit.*

How to write one: [definitions](definitions.md).
"""


def describe_release() -> str:
    """The page on the schema of a release."""
    documents = ", ".join(f"`{name}.json`" for name in DOCUMENTS)
    parts = [_RELEASE_INTRODUCTION.format(documents=documents)]
    for name, schema in TABLES.items():
        rows = [f"| `{field.name}` | {field.type} |" for field in schema]
        parts.append("\n".join([f"## {name}.parquet", "", "| column | type |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def describe_indicators(indicators: Iterable[Indicator]) -> str:
    """The page on the indicators that ship."""
    return "\n".join(
        [_INDICATORS_INTRODUCTION, *(_describe_indicator(indicator) for indicator in indicators)]
    )


def _describe_indicator(indicator: Indicator) -> str:
    target = indicator.target
    facts = {
        "id": f"`{indicator.id}`",
        "denominator": indicator.denominator.words,
        "numerator": indicator.numerator.words,
        "polarity": str(indicator.polarity).replace("_", " "),
        "value": f"{str(indicator.value_type).replace('_', ' ')}, {indicator.unit}",
        "target": f"{target.value:g} ({target.source})" if target else "none",
        "Core20PLUS5": ", ".join(area.replace("_", " ") for area in indicator.core20plus5)
        or "not one of the five",
        "source": indicator.source.title,
        "checked by": f"{indicator.checker}; review by {indicator.review_date:%d %B %Y}",
    }
    rows = [f"| {label} | {value} |" for label, value in facts.items()]
    return "\n".join([f"## {indicator.name}", "", indicator.description, "", "| | |", "|---|---|", *rows, ""])


def make_pages() -> dict[Path, str]:
    """Every page by its path."""
    indicators = load_definitions(SHIPPED).indicators.values()
    return {
        REFERENCE / "release.md": describe_release(),
        REFERENCE / "indicators.md": describe_indicators(indicators),
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    pages = make_pages()
    old = [
        path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        sys.stdout.writelines(f"{path.name} is out of date: run 'make docs'\n" for path in old)
        return 1 if old else 0
    for path in old:
        write_atomically(path, pages[path].encode())
        sys.stdout.write(f"wrote {path.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
