"""Why a community is where it is in the ranking, in words."""

from __future__ import annotations

from typing import Final

EXPECTED: Final = "its deprivation, ethnic group, ages and sexes would lead you to expect"


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
        One or two plain sentences, in whole percentage points that add up as they are read. Empty where
        the estimate is not known.

    Examples
    --------
    >>> print(explain_gap(0.75, 0.52, 0.61))
    Uptake is about 52%, 23 points below the standard of 75%. 14 points are what its deprivation, \
ethnic group, ages and sexes would lead you to expect; 9 points are local to this community.
    """
    if estimated_uptake is None:
        return ""
    estimated = _percent(estimated_uptake)
    target = None if standard is None else _percent(standard)
    sentences = [_opening(estimated, target)]
    if predicted_uptake is not None:
        sentences.append(_reason(estimated, _percent(predicted_uptake), target))
    return " ".join(sentences)


def _percent(share: float) -> int:
    # Halves go up, as people round by hand.
    return int(100 * share + 0.5 + 1e-9)


def _opening(estimated: int, target: int | None) -> str:
    if target is None:
        return f"Uptake is about {estimated}%."
    if target == estimated:
        return f"Uptake is about {estimated}%, which is the standard."
    side = "below" if estimated < target else "above"
    return f"Uptake is about {estimated}%, {_points(target - estimated)} {side} the standard of {target}%."


def _reason(estimated: int, predicted: int, target: int | None) -> str:
    local = predicted - estimated
    if local == 0:
        return f"That is what {EXPECTED}."
    if local < 0 or target is None or estimated >= target:
        return f"It is {_points(local)} {'lower' if local > 0 else 'higher'} than {EXPECTED}."
    explained = target - predicted
    if explained > 0:
        return f"{_are(explained)} what {EXPECTED}; {_are(local)} local to this community."
    if explained == 0:
        return f"All of that is local to this community: what {EXPECTED} is the standard."
    return f"This is local to this community: what {EXPECTED} is {_points(explained)} above the standard."


def _points(number: int) -> str:
    return "1 point" if abs(number) == 1 else f"{abs(number)} points"


def _are(number: int) -> str:
    return f"{_points(number)} {'is' if number == 1 else 'are'}"
