"""The reference page says what the code does."""

from __future__ import annotations

import re
import tomllib

from evenground.sources.extract import ExtractOptions
from evenground.sources.extract.options import EventsOptions, PersonsOptions
from evenground.sources.options import SourceOptions
from evenground.sources.staging import events, persons, words
from tests.support.extract_reference import PAGE, block_names, render_page, tables

TEXT = PAGE.read_text(encoding="utf-8")
HOW_TO = PAGE.parents[1] / "how-to" / "bring-your-own-extract.md"


def test_the_generated_tables_are_those_of_the_code() -> None:
    assert sorted(block_names(TEXT)) == sorted(tables())
    assert render_page(TEXT) == TEXT, "run: python -m tests.support.extract_reference"


def test_every_reason_that_a_report_can_give_is_explained() -> None:
    found_later = {words.RAGGED, words.BROKEN_ROW, words.SAME_EVENT}
    assert {text for text, _ in persons.REASONS} == set(words.DROPPED_PERSONS) - found_later
    assert {text for text, _ in events.REASONS} == set(words.DROPPED_EVENTS) - found_later
    assert [text for text, _ in persons.CHANGES] == list(words.CHANGED_PERSONS)
    assert [text for text, _ in events.CHANGES] == list(words.CHANGED_EVENTS)


def test_every_key_is_in_the_table_of_keys() -> None:
    keys = {*ExtractOptions.model_fields, *PersonsOptions.model_fields, *EventsOptions.model_fields}
    keys -= {"persons", "events", *SourceOptions.model_fields}
    assert all(f"`{key}`" in TEXT for key in keys)


def test_the_examples_are_read_as_they_stand() -> None:
    examples = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    examples += re.findall(r"```toml[^\n]*\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    whole = [example for example in examples if "[[sources]]" in example]
    assert len(whole) == 2
    for example in whole:
        (source,) = tomllib.loads(example)["sources"]
        ExtractOptions.model_validate({k: v for k, v in source.items() if k not in ("name", "kind")})
