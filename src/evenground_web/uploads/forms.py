"""What a steward sends, and decides of it."""

from __future__ import annotations

from typing import Any

from django import forms

from evenground_web.uploads.naming import clean_name


class UploadForm(forms.Form):
    """A file, and the source of place.toml that it is for."""

    file = forms.FileField(
        allow_empty_file=True,
        max_length=255,
        error_messages={"required": "Choose a file.", "max_length": "The file’s name is too long."},
    )
    source = forms.ChoiceField(error_messages={"required": "Choose what it is for."})

    def __init__(self, sources: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [(name, name) for name in sources]  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """The file, with a name that is plain enough for any disk."""
        file = self.cleaned_data["file"]
        file.plain_name = clean_name(file.name)
        if not file.plain_name.casefold().endswith(".csv"):
            raise forms.ValidationError(
                "Send the CSV file itself, with a name that ends in .csv: not a zip file, nor a workbook."
            )
        return file


class DecisionForm(forms.Form):
    """Put a checked file in its place, or discard it; ``replace`` where another of its name goes."""

    decision = forms.ChoiceField(
        choices=(("place", "Put in place"), ("discard", "Discard")),
        error_messages={"required": "Choose what to do with it."},
    )
    replace = forms.BooleanField(required=False)
