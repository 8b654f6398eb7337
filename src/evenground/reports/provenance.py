"""What figures that leave the site say of themselves: whose they are, and where they come from."""

from __future__ import annotations

from evenground.releases import IndicatorInfo, Release
from evenground.reports.charts import Figure
from evenground.reports.words import list_in_words
from evenground.vocabulary import Basis


def picture_notes(release: Release, info: IndicatorInfo, picture: Figure) -> list[str]:
    """What a picture that leaves the site has to say of itself: what it shows, and where it is from."""
    manifest = release.manifest
    told = f"Evenground {manifest.place_name}, release {manifest.release_id}."
    if manifest.synthetic:
        told = f"Invented data: no real place, no real people. {told}"
    return [picture.summary, say_source(release, info), told]


def say_source(release: Release, info: IndicatorInfo) -> str:
    """Who published an indicator, or what it was counted from and who defined it."""
    if is_published(info):
        return f"Source: {info.source}."
    names = list_in_words(list(dict.fromkeys(source.name for source in release.manifest.sources)))
    return f"Source: counted from {names}. Definition: {info.source}."


def is_published(info: IndicatorInfo) -> bool:
    """Whether somebody else works the indicator out."""
    return info.basis == Basis.PUBLISHED
