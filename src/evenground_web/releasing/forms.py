"""A steward's decision."""

from __future__ import annotations

from typing import Any

from django import forms

from evenground.gate.candidates import LONGEST_REASON


class DecisionForm(forms.Form):
    """Approve or return, with a reason; ``seen`` is the state of the candidate that the steward looked at."""

    decision = forms.ChoiceField(
        choices=(("approve", "Approve"), ("return", "Return")),
        error_messages={"required": "Choose whether to approve or return it."},
    )
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """A return needs a reason."""
        cleaned = super().clean() or {}
        if cleaned.get("decision") == "return" and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Give a reason: whoever built it has to know what to change.")
        return cleaned
