"""Whether a stated probability of the top ten comes true as often as it says: a picture.

Run with ``python -m benchmarks.reliability [--places N] [--out FILE.svg]``. Simulated places with a known
truth, those of ``benchmarks.rank``. The picture is kept in docs/images.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import vl_convert

from benchmarks.places import HELD_OUT, KINDS, Kind, score_ranking
from benchmarks.rank import make_places, rank_place
from evenground.reports.drawing import VEGA_LITE
from evenground.stats import calculate_proportion

_BINS: Final = 10
_INK: Final = "#212b32"
_BLUE: Final = "#005eb8"


def score_kinds(kinds: dict[str, Kind], places: int) -> pl.DataFrame:
    """Every community of the places: what was stated of it, and whether it was true."""
    kept = ["probability_top_k", "truly_top"]
    return pl.concat(
        score_ranking(rank_place(place), place)[1].select(kept)
        for kind in kinds.values()
        for place in make_places(kind, places)
    )


def bin_stated(table: pl.DataFrame) -> pl.DataFrame:
    """Ten classes of what was stated: the mean of it, and the share that came true with its 95 % interval."""
    number = (pl.col("probability_top_k") * _BINS).floor().clip(0, _BINS - 1).cast(pl.Int64).alias("bin")
    bins = (
        table.group_by(number)
        .agg(
            pl.col("probability_top_k").mean().alias("stated"),
            pl.col("truly_top").sum().alias("true"),
            pl.len().alias("communities"),
        )
        .sort("bin")
    )
    shares = calculate_proportion(bins["true"].to_numpy(), bins["communities"].to_numpy())
    return bins.with_columns(
        came_true=pl.Series(np.asarray(shares.value)),
        lower=pl.Series(np.asarray(shares.lower_cl)),
        upper=pl.Series(np.asarray(shares.upper_cl)),
    )


def draw(bins: pl.DataFrame) -> str:
    """The classes against the line on which what is stated comes true exactly."""
    x = {
        "field": "stated",
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%", "title": "Stated: probability of being among the top ten"},
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%", "title": "Came true: share that truly was"},
    }
    line = [{"stated": end, "came_true": end} for end in (0, 1)]
    spec: dict[str, Any] = {
        "width": 420,
        "height": 420,
        "background": "white",
        "config": {"font": "Arial, sans-serif", "axis": {"labelColor": _INK, "titleColor": _INK}},
        "data": {"values": bins.to_dicts()},
        "layer": [
            {
                "data": {"values": line},
                "mark": {"type": "line", "color": _INK, "strokeDash": [4, 4], "strokeWidth": 1},
                "encoding": {"x": x, "y": y | {"field": "came_true"}},
            },
            {
                "mark": {"type": "rule", "color": _BLUE, "strokeWidth": 2},
                "encoding": {"x": x, "y": y | {"field": "lower"}, "y2": {"field": "upper"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "color": _BLUE, "opacity": 1},
                "encoding": {"x": x, "y": y | {"field": "came_true"}},
            },
        ],
    }
    return str(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE))


def main() -> None:
    """Print the classes, and draw them where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=20)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    bins = bin_stated(score_kinds(KINDS | HELD_OUT, asked.places))
    print("stated  came true (95% interval)  communities")
    for row in bins.iter_rows(named=True):
        interval = f"{row['came_true']:.3f} ({row['lower']:.3f} to {row['upper']:.3f})"
        print(f"{row['stated']:.3f}  {interval}  {row['communities']:,}")
    if asked.out:
        asked.out.write_text(draw(bins), encoding="utf-8")


if __name__ == "__main__":
    main()
