"""The persons of the sources: cleaned, checked, counted, merged, each kept once, numbered by pseudonym."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from evenground.contract import PERSONS
from evenground.errors import Fault
from evenground.sources.staging import merge, words
from evenground.sources.staging.columns import Cells
from evenground.sources.staging.files import quote, source_error
from evenground.sources.staging.inputs import OPTED_OUT, UNLINKED, FileNumber, Input
from evenground.sources.staging.session import Session, choose_reason, mark_changes
from evenground.vocabulary import MISSING_CATEGORY, UNKNOWN_AREA, Sex

OLDEST: Final = 120
"""The greatest age in completed years that is believed: nobody in the United Kingdom has reached 116."""

_SCIENTIFIC: Final = r"[0-9]([.][0-9]+)?[eE][+][0-9]+"
_CONTENT: Final = "birth_date, sex, ethnic_group, lsoa_code, practice_code, death_date, left_date"

REASONS: Final = (
    *((reason, f"mark = '{mark}'") for mark, reason in words.PERSON_MARKS.items()),
    (words.NO_PERSON, "NOT has_person"),
    (words.NOT_NHS_NUMBER, "pseudonym IS NULL"),
    (words.OPTED_OUT_NATIONAL, f"pseudonym = {OPTED_OUT['national']}"),
    (words.OPTED_OUT_TYPE_1, f"pseudonym = {OPTED_OUT['type_1']}"),
    (words.NOT_LINKED, f"pseudonym = {UNLINKED}"),
    (words.PERSON_ROUNDED, f"contains(pseudonym, '+') AND regexp_full_match(pseudonym, '{_SCIENTIFIC}')"),
    (words.BIRTH_MISSING, "NOT has_birth AND needs_birth"),
    (words.BIRTH_UNREADABLE, "has_birth AND born IS NULL"),
    (words.BORN_LATER, "born > as_at"),
    (words.TOO_OLD, f"born <= least(as_at, died, gone) - INTERVAL {OLDEST + 1} YEAR"),
    (words.DIED_BEFORE_BIRTH, "died < born"),
    # Found later, among the rows that pass all of the above.
    (words.SAME_PERSON_ROW, "false"),
    (words.OTHER_PERSON_ROW, "false"),
    (words.NOT_ON_REGISTER, "false"),
)

CHANGES: Final = (
    (words.SEX_UNKNOWN, "sex_text IS NOT NULL AND sex_word IS NULL"),
    (words.ETHNIC_UNKNOWN, "ethnic_text IS NOT NULL AND ethnic_word IS NULL"),
    (words.LSOA_UNKNOWN, f"fate = {words.OUTSIDE}"),
    (words.LSOA_NOT_IN_LOOKUP, f"fate = {words.NO_AREA}"),
    (words.LSOA_BEST_FIT, f"fate = {words.BY_FIT}"),
    (words.PRACTICE_UNKNOWN, "practice IS NULL AND practice_text IS NOT NULL"),
    (words.DEATH_UNREADABLE, "has_death AND died IS NULL"),
    (words.DIED_LATER, "died > as_at"),
    (words.LEFT_UNREADABLE, "has_left AND gone IS NULL"),
    (words.LEFT_LATER, "gone > as_at"),
    (words.LEFT_BEFORE_BIRTH, "gone < born"),
    (words.BIRTH_YEAR_ONLY, f"mark = '{words.IN_PART}'"),
    # Found later, against the other sources.
    *((text, "false") for text in merge.CHANGES),
)


def prepare_persons(
    session: Session, as_at: dt.date, lsoa_codes: Collection[str], practice_codes: Collection[str] | None
) -> None:
    """Make the look-ups and the empty staging table."""
    prepare_words(session, lsoa_codes)
    _make_lookups(session, {"practices": ((code.upper(), code) for code in practice_codes or ())})
    session.run(f"CREATE TEMP TABLE dates AS SELECT DATE '{as_at}' AS as_at")
    session.run(
        "CREATE TEMP TABLE persons_staged (file_no USMALLINT, source_no USMALLINT, space USMALLINT, "
        "adds_people BOOLEAN, row_no BIGINT, pseudonym VARCHAR, "
        "birth_date DATE, sex VARCHAR, ethnic_group VARCHAR, lsoa_code VARCHAR, practice_code VARCHAR, "
        "death_date DATE, left_date DATE, area_text VARCHAR, area_fate UTINYINT, reason UTINYINT, "
        "changed UINTEGER)"
    )


def stage_persons(
    session: Session, number: FileNumber, entry: Input, *, adds_people: bool, check_practices: bool
) -> Cells:
    """Read one file of persons into the staging table; the rejects go to ``rejects_<file>``."""
    names = [column.name for column in PERSONS]
    names += ["mark"] if "mark" in entry.columns else []
    cells = Cells(entry.file, tuple(names), entry.columns, entry.constants, entry.values)
    read = {
        "pseudonym": entry.pseudonym(cells.person()),
        "has_person": "person_id IS NOT NULL",
        "sex_text": "sex",
        "ethnic_text": "ethnic_group",
        "lsoa_text": "upper(lsoa_code)",
        "practice_text": "upper(practice_code)",
        "has_birth": "birth_date IS NOT NULL",
        "has_death": "death_date IS NOT NULL",
        "has_left": "left_date IS NOT NULL",
        "born": cells.date("birth_date", month_first=entry.month_first),
        "died": cells.date("death_date", month_first=entry.month_first),
        "gone": cells.date("left_date", month_first=entry.month_first),
        "mark": "mark" if "mark" in names else "NULL::VARCHAR",
        "needs_birth": str(adds_people).lower(),
    }
    place = f"{number.file}, {number.source}, {number.space}, {adds_people}"
    rejects = f"rejects_{number.file}"
    session.run(
        _stage_sql(place, cells, read, rejects, areas=entry.areas, check_practices=check_practices),
        entry.file,
    )
    return cells


def _stage_sql(
    place: str,
    cells: Cells,
    read: dict[str, str],
    rejects: str,
    *,
    areas: str | None,
    check_practices: bool,
) -> str:
    listed = ", ".join(f"{sql} AS {name}" for name, sql in read.items())
    practice = "practices.meaning" if check_practices else "practice_text"
    source = cells.source(rejects, numbered=True)
    return f"""
        INSERT INTO persons_staged
        WITH cells AS (SELECT row_no, {listed} FROM {source}),
        known AS (
            SELECT cells.*, as_at, sex_words.meaning AS sex_word, areas.meaning AS area,
                {practice} AS practice,
                {ethnic_sql("ethnic_text")} AS ethnic_word,
                {_fate_sql(is_converted=areas is not None)} AS fate
            FROM cells CROSS JOIN dates
            LEFT JOIN sex_words ON sex_words.word = lower(sex_text)
            LEFT JOIN ethnic_words
                ON ethnic_words.word = lower(regexp_replace(ethnic_text, '[^A-Za-z0-9]', '', 'g'))
            LEFT JOIN {areas or "areas"} AS areas ON areas.word = lsoa_text
            LEFT JOIN practices ON practices.word = practice_text
        )
        SELECT {place}, row_no, pseudonym, born, coalesce(sex_word, '{Sex.NOT_KNOWN}'),
            coalesce(ethnic_word, '{MISSING_CATEGORY}'), coalesce(area, '{UNKNOWN_AREA}'), practice,
            CASE WHEN died <= as_at THEN died END,
            CASE WHEN gone <= as_at AND (born IS NULL OR gone >= born) THEN gone END,
            CASE WHEN fate IS NOT NULL THEN lsoa_text END, fate,
            {choose_reason(REASONS)}, {mark_changes(CHANGES)}
        FROM known"""


def _fate_sql(*, is_converted: bool) -> str:
    """SQL for what became of an area that was given; NULL where it simply is one of the place's."""
    given = f"lsoa_text IS NOT NULL AND lsoa_text <> '{UNKNOWN_AREA.upper()}'"
    converted = (
        f"WHEN areas.word IS NULL THEN {words.NO_AREA} "
        f"WHEN areas.meaning IS NOT NULL AND areas.is_best_fit THEN {words.BY_FIT} "
    )
    return (
        f"CAST(CASE WHEN NOT ({given}) THEN NULL {converted if is_converted else ''}"
        f"WHEN areas.meaning IS NULL THEN {words.OUTSIDE} END AS UTINYINT)"
    )


def ethnic_sql(text: str) -> str:
    """SQL for the ethnic group of a text, joined to ``ethnic_words``; of a longer code, its letter."""
    coded = f"regexp_full_match(upper({text}), '[{words.NATIONAL_ETHNIC_LETTERS}][A-Z0-9]')"
    return f"coalesce(ethnic_words.meaning, CASE WHEN {coded} THEN upper({text}[1]) END)"


def prepare_words(session: Session, lsoa_codes: Collection[str]) -> None:
    """Make the look-ups of sex, ethnic groups and areas."""
    _make_lookups(
        session,
        {
            "sex_words": words.SEX_WORDS.items(),
            "ethnic_words": words.ETHNIC_WORDS.items(),
            "areas": ((code.upper(), code) for code in lsoa_codes),
        },
    )


def _make_lookups(session: Session, lookups: Mapping[str, Iterable[tuple[str, str]]]) -> None:
    for name, pairs in lookups.items():
        rows = ", ".join(f"({quote(key)}, {quote(value)})" for key, value in pairs) or "(NULL, NULL)"
        session.run(f"CREATE TEMP TABLE {name} AS SELECT * FROM (VALUES {rows}) v (word, meaning)")


def has_unreadable_dates(session: Session, file_no: int) -> bool:
    """Whether a date of the file could not be read."""
    reason = [text for text, _ in REASONS].index(words.BIRTH_UNREADABLE)
    changes = [text for text, _ in CHANGES]
    bits = sum(1 << changes.index(change) for change in (words.DEATH_UNREADABLE, words.LEFT_UNREADABLE))
    rows = session.run(
        f"SELECT count(*) FROM persons_staged "
        f"WHERE file_no = {file_no} AND (reason = {reason} OR changed & {bits} <> 0)"
    )
    return bool(rows[0][0])


def drop_repeated_persons(session: Session) -> None:
    """Keep one row a person of a source: without a date of leaving or with the latest, then the last read."""
    same, other = (reason_number(reason) for reason in (words.SAME_PERSON_ROW, words.OTHER_PERSON_ROW))
    session.run(f"""
        CREATE TEMP TABLE repeated AS
        SELECT file_no, row_no, row_number() OVER kept_first AS nth,
            first_value(content) OVER kept_first IS NOT DISTINCT FROM content AS is_same
        FROM (
            SELECT *, row({_CONTENT}) AS content FROM persons_staged
            WHERE reason IS NULL AND pseudonym IN (
                SELECT pseudonym FROM persons_staged WHERE reason IS NULL
                GROUP BY source_no, pseudonym HAVING count(*) > 1)
        )
        WINDOW kept_first AS (
            PARTITION BY source_no, pseudonym
            ORDER BY left_date DESC NULLS FIRST, file_no DESC, row_no DESC)""")
    session.run(f"""
        UPDATE persons_staged AS staged SET reason = CASE WHEN is_same THEN {same} ELSE {other} END
        FROM repeated
        WHERE nth > 1 AND staged.file_no = repeated.file_no AND staged.row_no = repeated.row_no""")


def reason_number(reason: str) -> int:
    """The number under which the staging table holds a reason."""
    return [text for text, _ in REASONS].index(reason)


def merge_persons(session: Session, *, several: bool) -> None:
    """Make ``persons_kept``, one row a person who counts, of all that the sources say of them."""
    if several:
        changes = [text for text, _ in CHANGES]
        merge.merge_sources(
            session,
            not_on_register=reason_number(words.NOT_ON_REGISTER),
            first_bit=changes.index(merge.CHANGES[0]),
            elsewhere_bit=changes.index(words.LSOA_UNKNOWN),
        )
    else:
        session.run(
            "CREATE TEMP VIEW persons_kept AS "
            f"SELECT space, pseudonym, {_CONTENT} FROM persons_staged WHERE reason IS NULL"
        )


def number_persons(session: Session) -> None:
    """Give each kept person a number from 0, in the order of pseudonyms; those dropped have none."""
    session.run("""
        CREATE TEMP TABLE people AS
        SELECT space, pseudonym, row_number() OVER (ORDER BY space, pseudonym) - 1 AS person_id, birth_date
        FROM persons_kept""")
    session.run("""
        INSERT INTO people
        SELECT DISTINCT space, pseudonym, NULL::BIGINT, NULL::DATE FROM persons_staged AS staged
        WHERE pseudonym IS NOT NULL AND adds_people AND NOT EXISTS (
            FROM people WHERE people.space = staged.space AND people.pseudonym = staged.pseudonym)""")


def write_persons(session: Session, path: Path) -> None:
    """Write the persons of the contract, in the order of their numbers."""
    session.run(f"""
        COPY (
            SELECT person_id, {", ".join(f"kept.{name}" for name in _CONTENT.split(", "))}
            FROM persons_kept AS kept JOIN people USING (space, pseudonym)
            ORDER BY person_id
        ) TO {quote(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)""")


def write_pseudonyms(session: Session, path: Path) -> None:
    """Write what the sources call each person who is kept, in the order of their numbers."""
    session.run(f"""
        COPY (SELECT person_id, pseudonym FROM people WHERE person_id IS NOT NULL ORDER BY person_id)
        TO {quote(str(path))} (FORMAT parquet, COMPRESSION zstd)""")


def refuse_nhs_numbers(session: Session, sql: str, file: str, column: str, *, at_least: int) -> None:
    """Refuse a column of which the ten-digit values are mostly valid NHS numbers.

    ``sql`` selects the texts to look at. One in eleven random ten-digit numbers passes the check digit
    (modulus 11; NHS Data Dictionary, NHS NUMBER), so half of them passing is no chance.

    Raises
    ------
    SourceError
        Which tells to put pseudonyms in their place.
    """
    sums = " + ".join(f"{11 - place} * d[{place}]::INTEGER" for place in range(1, 10))
    rows = session.run(f"""
        SELECT count(*), count(*) FILTER (WHERE (11 - ({sums}) % 11) % 11 = d[10]::INTEGER)
        FROM (SELECT regexp_replace(t, '[ -]', '', 'g') AS d FROM ({sql}) texts (t))
        WHERE regexp_full_match(d, '[0-9]{{10}}')""")
    ten_digits, valid = rows[0]
    if ten_digits < at_least or valid * 2 <= ten_digits:
        return
    what = f"holds what look like NHS numbers in {valid:,} rows."
    hint = "Replace them by pseudonyms, the same in persons and events, before the file comes here."
    raise source_error(session.source, [Fault(f'{file}, column "{column}"', what, hint)])
