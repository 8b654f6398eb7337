"""Write the reference pages that are made from the code and the definitions: ``make docs``.

``--check`` writes nothing and fails where a page is out of date; a test runs that.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from evenground.indicators import SHIPPED, Definitions, Indicator, load_definitions
from evenground.releases import DOCUMENTS, TABLES
from evenground.workspace import write_atomically

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

_RELEASE_INTRODUCTION = """\
# What a release holds

*Made by `make docs` from `evenground.releases`. Do not edit.*

A release is a folder `releases/<date>-<digest>/` with `manifest.json`, the tables below as Parquet, and
the documents {documents}. `value` and its limits are on the scale of the indicator (per cent, or per
100,000). `value_note` is `published`, `zero`, `suppressed`, `missing` or `too_few_events`: where it is not
one of the first two, the figure is null. Counts follow the policy that the manifest names, but for
rows whose `basis` is `published`: those stand as [others published them](aggregates.md). Quintile and
decile 1 are the most deprived.
"""
_INDICATORS_INTRODUCTION = """\
# The indicators that ship

*Made by `make docs` from `src/evenground/definitions`. Do not edit.*

{indicators} indicators, {plus_groups} Plus groups and {segments} ways to divide everybody ({parts} parts).
How to write one: [definitions](definitions.md). Those that none of your sources recorded are left out of
your release by themselves, and named. At the end of the page: [Plus groups](#plus-groups),
[segments](#segments) and [features](#features), with the national reference set to load for each.
"""


def describe_release() -> str:
    """The page on the schema of a release."""
    documents = ", ".join(f"`{name}.json`" for name in DOCUMENTS)
    parts = [_RELEASE_INTRODUCTION.format(documents=documents)]
    for name, schema in TABLES.items():
        rows = [f"| `{field.name}` | {field.type} |" for field in schema]
        parts.append("\n".join([f"## {name}.parquet", "", "| column | type |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def describe_indicators(definitions: Definitions) -> str:
    """The page on the indicators that ship, the Plus groups, segments and features."""
    introduction = _INDICATORS_INTRODUCTION.format(
        indicators=len(definitions.indicators),
        plus_groups=len(definitions.plus_groups),
        segments=len(definitions.segments),
        parts=sum(len(one.segments) for one in definitions.segments.values()),
    )
    parts = [introduction, *(_describe_indicator(one) for one in definitions.indicators.values())]
    parts += ["## Plus groups", "", *_table(("group", "who", "why"), _plus_group_rows(definitions))]
    parts += ["## Segments", ""]
    for segmentation in definitions.segments.values():
        parts += [f"### {segmentation.name}", "", segmentation.description, ""]
        rows = ((segment.name, segment.words) for segment in segmentation.segments)
        parts += _table(("segment", "who, of those not in one above"), rows)
    return "\n".join([*parts, "## Features", "", *_table(_FEATURE_COLUMNS, _feature_rows(definitions))])


_FEATURE_COLUMNS = ("feature", "kind", "codes", "reference set to load")


def _plus_group_rows(definitions: Definitions) -> Iterable[tuple[str, ...]]:
    for group in definitions.plus_groups.values():
        yield group.name, group.words, group.rationale


def _feature_rows(definitions: Definitions) -> Iterable[tuple[str, ...]]:
    for feature in definitions.features.values():
        if feature.is_rule:
            yield f"`{feature.id}`: {feature.name}", "rule", f"people {feature.words}", ""
            continue
        codes = definitions.codelists[feature.codelist].codes
        systems = Counter(code.code_system for code in codes)
        told = ", ".join(f"{number} {system}" for system, number in sorted(systems.items()))
        yield f"`{feature.id}`: {feature.name}", feature.kind, told, feature.reference_set or ""


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def _describe_indicator(indicator: Indicator) -> str:
    target = indicator.target
    facts = {
        "id": f"`{indicator.id}`",
        "denominator": indicator.denominator.words,
        "numerator": indicator.numerator.words,
        "polarity": str(indicator.polarity).replace("_", " "),
        "value": f"{str(indicator.value_type).replace('_', ' ')}, {indicator.unit}",
        "target": f"{target.value:g} ({target.source})" if target else f"none. {indicator.no_target}",
        "part of": f"`{indicator.part_of}`: not ranked by itself" if indicator.part_of else "",
        "Core20PLUS5": ", ".join(area.replace("_", " ") for area in indicator.core20plus5)
        or "not one of the five",
        "tags": ", ".join(tag.replace("_", " ") for tag in indicator.tags) or "none",
        "source": indicator.source.title,
        "checked by": f"{indicator.checker}; review by {indicator.review_date:%d %B %Y}",
    }
    rows = [f"| {label} | {value} |" for label, value in facts.items() if value]
    return "\n".join([f"## {indicator.name}", "", indicator.description, "", "| | |", "|---|---|", *rows, ""])


def make_pages() -> dict[Path, str]:
    """Every page by its path."""
    return {
        REFERENCE / "release.md": describe_release(),
        REFERENCE / "indicators.md": describe_indicators(load_definitions(SHIPPED)),
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
