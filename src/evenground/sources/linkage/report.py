"""What a linkage found, as JSON and as a page. Its counts are exact: it stays in the secure zone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Final

from evenground.sources.linkage.definition import Linkage
from evenground.sources.linkage.fields import FIELDS
from evenground.sources.linkage.model import Comparison, Level, Model
from evenground.sources.linkage.prepare import Prepared
from evenground.sources.linkage.rates import Rate
from evenground.vocabulary import ETHNIC_GROUPS

_GROUP_WORDS: Final = {
    "all": "Everybody",
    "sex": "Sex",
    "age_band": "Age",
    "ethnic_group": "Ethnic group",
    "imd_quintile": "National deprivation quintile (1 = most deprived)",
}
_WHO: Final = (
    "A group with a lower rate is under-counted in everything that this linkage brings. Look at how complete "
    "its records are before its figures are used."
)
_WEIGHTS: Final = (
    "Each 1 of a match weight doubles the odds that two records are of one person, and each -1 halves them."
)
_WIDTH: Final = 320
_WIDEST: Final = 16.0


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that a linkage found but the pairs themselves.

    ``weights`` are how many scored pairs have a match weight of each whole number. ``expected_wrong`` is the
    number of links that the probabilities say are wrong.
    """

    linkage: Linkage
    made_from: str
    as_at: dt.date
    sides: tuple[Prepared, ...]
    model: Model
    links: int
    expected_wrong: float
    review: dict[str, int]
    rates: tuple[Rate, ...]
    weights: tuple[tuple[int, int], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd in the model: levels that weigh more than a closer one."""
        return tuple(note for comparison in self.model.comparisons for note in _note(comparison))


def _note(comparison: Comparison) -> Iterable[str]:
    words = FIELDS[comparison.field].words
    for closer, looser in zip(comparison.levels, comparison.levels[1:], strict=False):
        if closer.weight < looser.weight:
            yield f"{words}: '{_plain(looser.name)}' weighs more than '{_plain(closer.name)}'"


def as_json(findings: Findings) -> str:
    """The findings as JSON: the same text for the same findings."""
    linkage = findings.linkage
    content = {
        "linkage": linkage.model_dump(mode="json", by_alias=True),
        "made_from": findings.made_from,
        "as_at": findings.as_at.isoformat(),
        "splink_version": findings.model.splink_version,
        "sides": [asdict(side) for side in findings.sides],
        "links": findings.links,
        "expected_wrong": findings.expected_wrong,
        "review": findings.review,
        "rates": [asdict(rate) for rate in findings.rates],
        "prior": findings.model.prior,
        "pairs": findings.model.pairs,
        "comparisons": [asdict(comparison) for comparison in findings.model.comparisons],
        "weights": [{"weight": weight, "pairs": pairs} for weight, pairs in findings.weights],
        "notes": findings.notes,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_html(findings: Findings) -> str:
    """The findings as one page, which needs no other file."""
    linkage = findings.linkage
    reviewed = (
        f"Written by {linkage.author}, checked by {linkage.checker}, to be reviewed on {linkage.review_date}."
    )
    parts = [
        f"<h1>{escape(linkage.name)}</h1>",
        f"<p>{escape(linkage.purpose)}</p><p>{escape(reviewed)}</p>",
        "<p><strong>Exact counts: this page stays in the secure zone.</strong></p>",
        "<h2>What was linked</h2>",
        _sides_table(findings),
        _review_table(findings),
        "<h2>Who was linked</h2>",
        f"<p>{_WHO}</p>",
        *(_rates_table(findings, key, side) for key, side in _sides(findings)),
        "<h2>What agreement is worth</h2>",
        f"<p>{_WEIGHTS} Splink {escape(findings.model.splink_version)} learned them. Before anything is "
        f"compared, one pair in {1 / findings.model.prior:,.0f} is taken to be of one person.</p>",
        _model_table(findings.model.comparisons),
        *(f"<p>Note: {escape(note)}.</p>" for note in findings.notes),
        "<h2>Pairs by match weight</h2>",
        _weights_chart(findings.weights),
        "<h2>Pairs compared</h2>",
        _table(
            ("People who share", "Pairs"),
            [(_begun(_plain(rule)), f"{pairs:,}") for rule, pairs in findings.model.pairs.items()],
            "Pairs that each blocking rule brought",
        ),
    ]
    return _PAGE.format(title=escape(linkage.name), body="\n".join(parts))


_PAGE: Final = """<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5 }}
.wide {{ overflow-x: auto; margin: 1rem 0 }}
table {{ border-collapse: collapse }}
caption {{ text-align: left; font-weight: bold; padding-bottom: 0.5rem }}
th, td {{ padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #ccc; vertical-align: top }}
th {{ text-align: left }}
tbody th {{ font-weight: normal }}
tbody th[scope=rowgroup] {{ font-weight: bold; padding-top: 0.75rem }}
.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }}
</style>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table with a row's name first and numbers after it; a row of one cell is a heading of those below.

    Cells that begin as SVG are taken as they are. On a narrow screen the table scrolls, not the page.
    """
    first, *others = heads
    lines = [
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table>',
        f"<caption>{escape(caption)}</caption>",
        f'<thead><tr><th scope="col">{escape(first)}</th>',
        *(f'<th scope="col" class="number">{escape(head)}</th>' for head in others),
        "</tr></thead><tbody>",
        *(_row(cells, len(heads)) for cells in rows),
        "</tbody></table></div>",
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str], width: int) -> str:
    first, *others = cells
    if not others:
        return f'</tbody><tbody><tr><th scope="rowgroup" colspan="{width}">{escape(first)}</th></tr>'
    return f'<tr><th scope="row">{escape(first)}</th>' + "".join(map(_cell, others)) + "</tr>"


def _cell(text: str) -> str:
    return f"<td>{text}</td>" if text.startswith("<svg") else f'<td class="number">{escape(text)}</td>'


def _sides(findings: Findings) -> Iterable[tuple[str, Prepared]]:
    return zip(("source", "register"), findings.sides, strict=True)


def _sides_table(findings: Findings) -> str:
    rows: list[tuple[str, ...]] = []
    for side in findings.sides:
        rows += [(side.name,), ("Rows read", f"{side.read:,}"), ("Persons", f"{side.kept:,}")]
        rows += [(f"Dropped: {reason}", f"{count:,}") for reason, count in side.dropped.items()]
        rows += [
            (f"Without {FIELDS[name].words}", f"{count:,}") for name, count in side.missing.items() if count
        ]
    rows += [
        ("Both",),
        ("Linked", f"{findings.links:,}"),
        ("Of which expected to be wrong", f"{findings.expected_wrong:,.1f}"),
    ]
    return _table(("What", "Number"), rows, "Rows and persons of both sources")


def _review_table(findings: Findings) -> str:
    rows = [(_begun(reason), f"{count:,}") for reason, count in findings.review.items()]
    return _table(("Why", "Pairs"), rows, "Pairs for somebody to look at")


def _rates_table(findings: Findings, key: str, side: Prepared) -> str:
    rows: list[tuple[str, ...]] = []
    group = ""
    for rate in (rate for rate in findings.rates if rate.side == key):
        if rate.group not in ("all", group):
            rows.append((_GROUP_WORDS[rate.group],))
        group = rate.group
        rows.append(
            (
                _name_category(rate),
                f"{rate.persons:,}",
                f"{rate.linked:,}",
                f"{rate.rate:.1%}",
                f"{rate.lower_cl:.1%} to {rate.upper_cl:.1%}",
                f"{rate.completeness:.1%}",
            )
        )
    heads = ("Group", "Persons", "Linked", "Rate", "95% interval", "Fields recorded")
    return _table(heads, rows, f"Of the persons of {side.name}")


def _name_category(rate: Rate) -> str:
    if rate.group == "all":
        return _GROUP_WORDS["all"]
    named = ETHNIC_GROUPS if rate.group == "ethnic_group" else {}
    return named.get(rate.category) or _begun(_plain(rate.category))


def _begun(words: str) -> str:
    return words[:1].upper() + words[1:]


def _model_table(comparisons: Iterable[Comparison]) -> str:
    rows: list[tuple[str, ...]] = []
    for comparison in comparisons:
        rows.append((_begun(FIELDS[comparison.field].words),))
        rows += [
            (
                _begun(_plain(level.name)),
                f"{100 * level.m:.4g}%",
                f"{100 * level.u:.4g}%",
                f"{level.weight:.1f}",
                _bar(level),
            )
            for level in comparison.levels
        ]
    heads = ("Agreement", "Same person", "Two people", "Weight", "Weight, drawn")
    return _table(heads, rows, "How often each agreement is met, and its match weight")


def _bar(level: Level) -> str:
    middle = _WIDTH / 2
    length = min(abs(level.weight), _WIDEST) / _WIDEST * middle
    start = middle if level.weight >= 0 else middle - length
    colour = "#005eb8" if level.weight >= 0 else "#b06000"
    return (
        f'<svg width="{_WIDTH}" height="14" aria-hidden="true">'
        f'<rect x="{start:.1f}" y="1" width="{length:.1f}" height="12" fill="{colour}"/>'
        f'<line x1="{middle}" x2="{middle}" y1="0" y2="14" stroke="#212b32"/></svg>'
    )


def _weights_chart(weights: Sequence[tuple[int, int]]) -> str:
    most = max((pairs for _, pairs in weights), default=1)
    rows = [
        (
            f"{weight} to {weight + 1}",
            f"{pairs:,}",
            f'<svg width="{_WIDTH}" height="14" aria-hidden="true"><rect x="0" y="1" '
            f'width="{pairs / most * _WIDTH:.1f}" height="12" fill="#005eb8"/></svg>',
        )
        for weight, pairs in weights
    ]
    return _table(("Match weight", "Pairs", "Pairs, drawn"), rows, "Pairs that were scored")
