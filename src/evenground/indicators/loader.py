"""From folders of TOML and CSV to checked definitions, telling every fault of every file at once."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

import evenground
from evenground.codelists import CodeList, find_codelists, load_codelist
from evenground.errors import DefinitionError, Fault, suggest
from evenground.indicators.expressions import (
    Count,
    Has,
    LatestCategory,
    LatestValue,
    Node,
    features_of,
    parse,
    walk,
)
from evenground.indicators.model import (
    Definitions,
    Feature,
    Indicator,
    Part,
    PlusGroup,
    Profile,
    Segmentation,
)
from evenground.indicators.published import PublishedIndicator, check_published
from evenground.workspace import explain_validation

SHIPPED: Final = Path(evenground.__file__).parent / "definitions"
"""The definitions that ship with the product."""

KINDS: Final = ("indicators", "features", "codelists", "profiles", "plus_groups", "segments", "published")
READ_ELSEWHERE: Final = ("linkages", "evidence", "interventions", "cohorts")
"""Folders of definitions that no figure follows from: sources, spending and cohorts read them."""

PARTS: Final[tuple[str, ...]] = ("denominator", "numerator")
_Model = TypeVar("_Model", bound=BaseModel)


def load_definitions(*folders: Path) -> Definitions:
    """Read the definitions in ``folders``, each with the folders of ``KINDS`` that it needs.

    A later folder (a workspace's own) replaces what an earlier one defines under the same id. A folder that
    is not there holds nothing. Without folders, those that ship are read.

    Raises
    ------
    DefinitionError
        With every fault of every file: file, key, what was found and the nearest right name.
    """
    folders = folders or (SHIPPED,)
    faults = [fault for folder in folders for fault in _check_folders(folder)]
    codelists, found = _load_codelists(folders)
    faults += found
    raw = {kind: read_toml(folders, kind, faults) for kind in KINDS if kind != "codelists"}
    expressions: dict[str, Node] = {}
    rules = read_expressions(raw["features"], "features", expressions, faults)
    features = build_all(rules, Feature, "features", faults)
    parts = _build_parts(raw["indicators"], faults)
    indicators = _build_indicators(raw["indicators"], parts, faults)
    profiles = build_all(raw["profiles"], Profile, "profiles", faults)
    published = build_all(raw["published"], PublishedIndicator, "published", faults)
    groups = read_expressions(raw["plus_groups"], "plus_groups", expressions, faults)
    plus_groups = build_all(groups, PlusGroup, "plus_groups", faults)
    segmentations = _read_segments(raw["segments"], expressions, faults)
    segments = build_all(segmentations, Segmentation, "segments", faults)
    known = {kind: _ids(folders, kind) for kind in KINDS}
    for feature in features.values():
        faults += _check_feature(feature, codelists, known["codelists"])
    for (stem, name), part in parts.items():
        where = f"indicators/{stem}.toml, {name}"
        faults += check_part(part.node, name, where, features, known["features"], codelists)
    for where, node in expressions.items():
        faults += check_part(node, "expression", where, features, known["features"], codelists)
    faults += _check_cycles(features)
    for profile in profiles.values():
        faults += _check_profile(profile, known["indicators"] | known["published"])
    faults += check_published(published, known["indicators"])
    faults += _check_wholes(indicators, known["indicators"])
    if faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "one fault"
        raise DefinitionError(f"The definitions cannot be used: {count}.", faults)
    return Definitions(
        _ordered(indicators),
        features,
        codelists,
        _ordered(profiles),
        _digest(raw, codelists),
        _ordered(plus_groups),
        _ordered(segments),
        _ordered(published),
    )


def _check_folders(folder: Path) -> Iterator[Fault]:
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    for entry in entries:
        known = {*KINDS, *READ_ELSEWHERE}
        if entry.is_dir() and entry.name not in known and not entry.name.startswith((".", "_")):
            where = f"{folder.name}/{entry.name}"
            yield Fault(where, "is not a folder that definitions are read from.", suggest(entry.name, known))


def _sub(folders: tuple[Path, ...], kind: str) -> tuple[Path, ...]:
    return tuple(folder / kind for folder in folders)


def _ids(folders: tuple[Path, ...], kind: str) -> set[str]:
    """What is defined, whether or not it could be read: an unreadable file is not an unknown name as well."""
    suffix = "csv" if kind == "codelists" else "toml"
    return {path.stem for folder in _sub(folders, kind) for path in folder.glob(f"*.{suffix}")}


def _load_codelists(folders: tuple[Path, ...]) -> tuple[dict[str, CodeList], list[Fault]]:
    loaded, faults = {}, []
    for name, path in sorted(find_codelists(*_sub(folders, "codelists")).items()):
        try:
            loaded[name] = load_codelist(path)
        except DefinitionError as error:
            faults += [Fault(f"codelists/{fault.where}", fault.what, fault.fix) for fault in error.faults]
        except UnicodeDecodeError:
            faults.append(Fault(f"codelists/{path.name}", "is not UTF-8 text.", "Save it as CSV UTF-8."))
    return loaded, faults


def read_toml(folders: tuple[Path, ...], kind: str, faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """The tables of a kind by the stem of their file; a later folder replaces those of an earlier one."""
    paths = {path.stem: path for folder in _sub(folders, kind) for path in sorted(folder.glob("*.toml"))}
    tables = {}
    for stem, path in sorted(paths.items()):
        where = f"{kind}/{path.name}"
        try:
            tables[stem] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except tomllib.TOMLDecodeError as error:
            faults.append(Fault(where, f"is not TOML: {error}."))
        except UnicodeDecodeError:
            faults.append(Fault(where, "is not UTF-8 text.", "Save it as UTF-8."))
        else:
            named = tables[stem].get("id")
            if isinstance(named, str) and named != stem:
                fix = f'Rename the file to "{named}.toml" or write id = "{stem}".'
                faults.append(Fault(f"{where}, id", f'is "{named}", but the file is named {stem}.', fix))
    return tables


def _read_expression(
    raw: Mapping[str, Any], where: str, expressions: dict[str, Node], faults: list[Fault]
) -> dict[str, Any]:
    """A table with its expression read. One that cannot be read stays, so that it is not told as missing."""
    if "expression" not in raw:
        return dict(raw)
    place = f"{where}expression"
    node, found = parse(raw["expression"], place)
    faults += found
    if node is not None:
        expressions[place] = node
    return {**raw, "expression": raw["expression"] if node is None else node}


def read_expressions(
    tables: Mapping[str, dict[str, Any]], kind: str, expressions: dict[str, Node], faults: list[Fault]
) -> dict[str, dict[str, Any]]:
    """The tables with their expressions read; these are kept under where they stand, for further checks."""
    return {
        stem: _read_expression(raw, f"{kind}/{stem}.toml, ", expressions, faults)
        for stem, raw in tables.items()
    }


def _read_segments(
    tables: Mapping[str, dict[str, Any]], expressions: dict[str, Node], faults: list[Fault]
) -> dict[str, dict[str, Any]]:
    read = {}
    for stem, raw in tables.items():
        items = raw.get("segments")
        if isinstance(items, list):
            raw = raw | {
                "segments": [
                    _read_expression(item, f"segments/{stem}.toml, segments[{number}].", expressions, faults)
                    if isinstance(item, Mapping)
                    else item
                    for number, item in enumerate(items, start=1)
                ]
            }
        read[stem] = raw
    return read


def build_all(
    tables: Mapping[str, dict[str, Any]], model: type[_Model], kind: str, faults: list[Fault]
) -> dict[str, _Model]:
    """The tables as models, without those that have faults."""
    built = {}
    for stem, raw in tables.items():
        made = _build(raw, model, f"{kind}/{stem}.toml", faults)
        if made is not None:
            built[stem] = made
    return built


def _build(raw: Mapping[str, Any], model: type[_Model], file: str, faults: list[Fault]) -> _Model | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults += [_without_prefix(fault) for fault in explain_validation(file, error, model)]
        return None


def _without_prefix(fault: Fault) -> Fault:
    return Fault(fault.where.removesuffix(", "), fault.what.replace("Value error, ", "", 1), fault.fix)


def _build_parts(tables: Mapping[str, dict[str, Any]], faults: list[Fault]) -> dict[tuple[str, str], Part]:
    """Numerators and denominators by file and key: read apart, so that their faults do not hide others."""
    parts = {}
    for stem, raw in tables.items():
        for name in PARTS:
            if name in raw:
                part = _build_part(raw[name], f"indicators/{stem}.toml, {name}", faults)
                if part is not None:
                    parts[stem, name] = part
    return parts


def _build_indicators(
    tables: Mapping[str, dict[str, Any]], parts: Mapping[tuple[str, str], Part], faults: list[Fault]
) -> dict[str, Indicator]:
    built = {}
    unreadable = Part.model_construct(words="...", who=None)
    for stem, raw in tables.items():
        read = {name: parts.get((stem, name), unreadable) for name in PARTS if name in raw}
        made = _build({**raw, **read}, Indicator, f"indicators/{stem}.toml", faults)
        if made is not None:
            built[stem] = made
    return built


def _build_part(raw: Any, where: str, faults: list[Fault]) -> Part | None:
    if not isinstance(raw, Mapping):
        faults.append(Fault(where, "is not a table.", "Give it words and an expression."))
        return None
    words = raw.get("words")
    if not isinstance(words, str) or len(words) < 3:
        faults.append(Fault(f"{where}.words", "is missing.", "Say in a sentence what is counted."))
    node, found = parse({key: value for key, value in raw.items() if key != "words"}, where)
    faults += found
    return Part(words=words, who=node) if node is not None and isinstance(words, str) else None


def _check_feature(
    feature: Feature, codelists: Mapping[str, CodeList], known: Collection[str]
) -> Iterator[Fault]:
    where = f"features/{feature.id}.toml, codelist"
    if feature.is_rule:
        return
    if feature.codelist not in known:
        yield Fault(where, f'"{feature.codelist}" is not a code list.', suggest(feature.codelist, known))
    elif feature.kind == "category" and feature.codelist in codelists:
        bare = sum(code.category is None for code in codelists[feature.codelist].codes)
        if bare:
            yield Fault(where, f'"{feature.codelist}" has {bare} codes without a category.', "Give each one.")


def check_part(
    node: Node,
    name: str,
    where: str,
    features: Mapping[str, Feature],
    known: Collection[str],
    codelists: Mapping[str, CodeList],
) -> Iterator[Fault]:
    """What is wrong with an expression that could be read: names of features, categories and counts."""
    inner = list(walk(node))[1 if name == "numerator" else 0 :]
    if any(isinstance(leaf, Count) for leaf in inner):
        yield Fault(where, "holds count.", "It may only start the numerator of a rate.")
    for feature_id in sorted(features_of(node)):
        if feature_id not in known:
            yield Fault(where, f'"{feature_id}" is not a feature.', suggest(feature_id, known))
    for leaf in walk(node):
        yield from _check_leaf(leaf, where, features, codelists)


def _check_leaf(
    leaf: Node, where: str, features: Mapping[str, Feature], codelists: Mapping[str, CodeList]
) -> Iterator[Fault]:
    if not isinstance(leaf, Has | Count | LatestValue | LatestCategory) or leaf.feature not in features:
        return
    feature = features[leaf.feature]
    if isinstance(leaf, Has | Count):
        if feature.is_rule and (isinstance(leaf, Count) or not leaf.is_plain):
            what = f'asks when, or how often, of "{feature.id}", which is of the kind rule.'
            yield Fault(where, what, f'Write feature = "{feature.id}" alone: a rule has its own windows.')
        return
    wanted = "value" if isinstance(leaf, LatestValue) else "category"
    if feature.kind != wanted:
        what = f'asks for the latest {wanted} of "{feature.id}", which is of the kind {feature.kind}.'
        fix = f'Write feature = "{feature.id}" where any record will do.'
        yield Fault(where, what, fix)
    elif isinstance(leaf, LatestCategory) and feature.codelist in codelists:
        known = codelists[feature.codelist].categories
        for category in leaf.categories:
            if category not in known:
                yield Fault(
                    where, f'"{category}" is not a category of {feature.id}.', suggest(category, known)
                )


def _check_cycles(features: Mapping[str, Feature]) -> Iterator[Fault]:
    """Rules that come back to themselves, each circle told once."""
    rules = {name: feature for name, feature in features.items() if feature.is_rule}
    named = {name: sorted(features_of(rule.node) & rules.keys()) for name, rule in rules.items()}
    done: set[str] = set()
    for start in sorted(named):
        yield from _follow(start, [], named, done)


def _follow(name: str, path: list[str], named: Mapping[str, list[str]], done: set[str]) -> Iterator[Fault]:
    if name in path:
        circle = " -> ".join([*path[path.index(name) :], name])
        what = f"goes round in a circle: {circle}."
        yield Fault(f"features/{name}.toml, expression", what, "Let one of them name features with codes.")
    elif name not in done:
        for other in named[name]:
            yield from _follow(other, [*path, name], named, done)
        done.add(name)


def _check_profile(profile: Profile, known: Collection[str]) -> Iterator[Fault]:
    for number, section in enumerate(profile.sections, start=1):
        for indicator in section.indicators:
            if indicator not in known:
                where = f"profiles/{profile.id}.toml, sections[{number}].indicators"
                yield Fault(where, f'"{indicator}" is not an indicator.', suggest(indicator, known))


def _check_wholes(indicators: Mapping[str, Indicator], known: Collection[str]) -> Iterator[Fault]:
    for name, indicator in indicators.items():
        if indicator.part_of is None:
            continue
        where = f"indicators/{name}.toml, part_of"
        whole = indicators.get(indicator.part_of)
        if indicator.part_of not in known:
            yield Fault(
                where, f'"{indicator.part_of}" is not an indicator.', suggest(indicator.part_of, known)
            )
        elif whole is not None and whole.part_of is not None:
            what = f'"{whole.id}" is itself a part of "{whole.part_of}".'
            yield Fault(where, what, f'Write part_of = "{whole.part_of}".')


_Sorted = TypeVar("_Sorted", Indicator, Profile, PlusGroup, Segmentation, PublishedIndicator)


def _ordered(made: Mapping[str, _Sorted]) -> dict[str, _Sorted]:
    return dict(sorted(made.items(), key=lambda item: (item[1].order, item[0])))


def _digest(raw: Mapping[str, Any], codelists: Mapping[str, CodeList]) -> str:
    content = {**raw, "codelists": {name: asdict(codelist) for name, codelist in codelists.items()}}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
