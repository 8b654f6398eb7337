"""House rules that import contracts and linters cannot say."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [path for name in listed.stdout.splitlines() if (path := REPOSITORY / name).is_file()]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_tracked_file_names_a_path_of_one_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|Users|root)/[a-z]|" + re.escape(str(REPOSITORY.parent)) + "/")
    texts = [p for p in tracked() if p.suffix not in {".png", ".parquet", ".lock"} and p != Path(__file__)]
    assert [str(path.relative_to(REPOSITORY)) for path in texts if pattern.search(read(path))] == []


def test_no_module_is_called_utils():
    assert [
        path.name for path in tracked("*.py") if path.stem in {"utils", "helpers", "misc", "common_functions"}
    ] == []


def test_no_unfinished_marker_is_left_in_the_source():
    marker = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [str(path) for path in tracked("src", "scripts", "benchmarks") if marker.search(read(path))] == []


def public_functions() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (f"{path.relative_to(REPOSITORY)}:{node.name}", node)
        for path in tracked("src/evenground/*.py", "src/evenground/**/*.py")
        for node in ast.parse(read(path)).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_every_public_function_of_the_library_says_what_it_does():
    assert [name for name, node in public_functions() if not ast.get_docstring(node)] == []


def test_the_library_validates_with_errors_not_with_assertions():
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in tracked("src/*.py")
        if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(read(path))))
    ]
    assert offenders == []


def test_only_sources_and_engine_open_the_contract_tables():
    allowed = ("src/evenground/sources", "src/evenground/engine", "src/evenground/contract.py")
    offenders = [
        str(path.relative_to(REPOSITORY))
        for path in tracked("src/*.py")
        if re.search(r"(read|scan)_parquet\([^)]*(persons|events)", read(path))
        and not str(path.relative_to(REPOSITORY)).startswith(allowed)
    ]
    assert offenders == []
