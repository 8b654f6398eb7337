"""What profiles show, read from a release and put in words."""

from evenground.reports.figures import (
    GroupRow,
    PairTable,
    Row,
    list_figures,
    list_groups,
    list_rows,
    make_row,
    note_meanings,
    pair_choices,
    read_pair,
)
from evenground.reports.provenance import is_published, picture_notes
from evenground.reports.subjects import (
    EVERYBODY,
    Area,
    Group,
    find_area,
    home_profile,
    list_indicators,
    place_of,
)
from evenground_web.profiles.reads.choices import (
    ReleaseKey,
    area_choices,
    find_group,
    find_indicator,
    group_choices,
)
from evenground_web.profiles.reads.inequality import (
    Gap,
    Inequality,
    InequalityPictures,
    breakdown_choices,
    describe_inequality,
    draw_inequality,
    widest_gaps,
)
from evenground_web.profiles.reads.pictures import (
    Charts,
    draw_charts,
    map_types,
)
from evenground_web.profiles.reads.published import (
    Comparator,
    PublishedFacts,
    Slope,
    describe_published,
    published_periods,
)

__all__ = [
    "EVERYBODY",
    "Area",
    "Charts",
    "Comparator",
    "Gap",
    "Group",
    "GroupRow",
    "Inequality",
    "InequalityPictures",
    "PairTable",
    "PublishedFacts",
    "ReleaseKey",
    "Row",
    "Slope",
    "area_choices",
    "breakdown_choices",
    "describe_inequality",
    "describe_published",
    "draw_charts",
    "draw_inequality",
    "find_area",
    "find_group",
    "find_indicator",
    "group_choices",
    "home_profile",
    "is_published",
    "list_figures",
    "list_groups",
    "list_indicators",
    "list_rows",
    "make_row",
    "map_types",
    "note_meanings",
    "pair_choices",
    "picture_notes",
    "place_of",
    "published_periods",
    "read_pair",
    "widest_gaps",
]
