"""Why a community is where it is in the ranking, in words."""

from __future__ import annotations

from typing import Final

EXPECTED_FROM: Final = "its deprivation, ethnic group, ages and sexes"


def explain_gap(
    standard: float | None, estimated_uptake: float | None, predicted_uptake: float | None
) -> str:
    """Say how far uptake is from the standard, and how much of that is local to the community.

    Parameters
    ----------
    standard, estimated_uptake, predicted_uptake
        Shares from a row of the ranking; ``None`` where there is none or it is withheld.

    Returns
    -------
    str
        One to three plain sentences, in whole percentage points that add up as they are read. Empty
        where the estimate is not known.

    Examples
    --------
    >>> print(explain_gap(0.75, 0.52, 0.61))
    Uptake is about 52 %, 23 points below the standard of 75 %. 14 points are what its deprivation, \
ethnic group, ages and sexes would lead you to expect; 9 points are local to this community.
    """
    if estimated_uptake is None:
        return ""
    estimated = round(100 * estimated_uptake)
    if standard is None:
        return f"Uptake is about {estimated} %." + _local_only(estimated, predicted_uptake)
    target = round(100 * standard)
    opening = f"Uptake is about {estimated} %, {_against(target - estimated)} the standard of {target} %."
    if predicted_uptake is None:
        return opening
    predicted = round(100 * predicted_uptake)
    return f"{opening} {_split(target - predicted, predicted - estimated, target - estimated)}"


def _against(gap: int) -> str:
    if gap == 0:
        return "at"
    return f"{_points(abs(gap))} {'below' if gap > 0 else 'above'}"


def _points(number: int) -> str:
    return f"{number} point" if number == 1 else f"{number} points"


def _are(number: int) -> str:
    return f"{_points(number)} {'is' if number == 1 else 'are'}"


def _split(explained: int, local: int, gap: int) -> str:
    if explained > 0 and local > 0:
        return (
            f"{_are(explained)} what {EXPECTED_FROM} would lead you to expect; "
            f"{_are(local)} local to this community."
        )
    if local == 0:
        return f"That is what {EXPECTED_FROM} would lead you to expect."
    if local > 0:
        return _local_below(explained, local)
    ending = "" if gap > 0 else ", and it is reached"
    side = _against(explained)
    return (
        f"{EXPECTED_FROM.capitalize()} would lead you to expect uptake {side} the standard; "
        f"this community does {_points(-local)} better than that{ending}."
    )


def _local_below(explained: int, local: int) -> str:
    return (
        f"{EXPECTED_FROM.capitalize()} would lead you to expect uptake {_against(explained)} the standard; "
        f"something local to this community holds it {_points(local)} below that."
    )


def _local_only(estimated: int, predicted_uptake: float | None) -> str:
    if predicted_uptake is None:
        return ""
    local = round(100 * predicted_uptake) - estimated
    if local == 0:
        return f" That is what {EXPECTED_FROM} would lead you to expect."
    side = "below" if local > 0 else "above"
    return f" That is {_points(abs(local))} {side} what {EXPECTED_FROM} would lead you to expect."
