"""Every code block of the docs does what the page says.

A page is run from top to bottom in a folder of its own:

- ``sh`` blocks run in bash; lines that call ``make`` are checked to be recipes, not run;
- ``python`` blocks run one after the other in one namespace; those between two shell blocks in one process;
- ``toml file=PATH`` blocks are written to PATH first; every ``toml`` block must be TOML;
- ``text`` blocks are output or pictures, and are not run.

Several pages begin with the same small demo. The first that does runs it; the others begin with what it made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md")
    for path in REPOSITORY.glob(pattern)
    if "```" in path.read_text(encoding="utf-8")
)
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```\s*$", re.DOTALL | re.MULTILINE)
KNOWN = {"sh", "python", "toml", "text", "csv", "sql"}


DEMO = "evenground demo --folder wenbury --size 2000 --no-serve"


@dataclass(frozen=True)
class Block:
    language: str
    file: str
    code: str
    line: int


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    blocks = []
    for match in FENCE.finditer(text):
        language, _, rest = match["info"].strip().partition(" ")
        file = rest.removeprefix("file=") if rest.startswith("file=") else ""
        blocks.append(Block(language, file, match["code"], text[: match.start()].count("\n") + 1))
    return blocks


def recipes() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))


def run(page: Path, block: Block, command: list[str], folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "EVENGROUND_SHARED": os.environ.get("EVENGROUND_SHARED", str(REPOSITORY.parent / "shared")),
        "COLUMNS": "140",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    where = f"{page.relative_to(REPOSITORY)}, line {block.line}"
    assert done.returncode == 0, f"{where} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def run_python(page: Path, blocks: list[Block], folder: Path) -> None:
    """All Python of a page so far, each block on its own line of the page, so that a traceback names it."""
    script: list[str] = []
    for block in blocks:
        script += [""] * (block.line - len(script))
        script += block.code.splitlines()
    file = folder / f".{page.stem}.py"
    file.write_text("\n".join(script) + "\n", encoding="utf-8")
    run(page, blocks[-1], [sys.executable, str(file)], folder)


def run_shell(page: Path, block: Block, folder: Path, demo: Path) -> None:
    lines = block.code.splitlines()
    if lines[0] == DEMO:
        if not demo.exists():
            demo.mkdir()
            run(page, block, ["bash", "-c", lines[0]], demo)
        shutil.copytree(demo, folder, dirs_exist_ok=True)
        del lines[0]
    unknown = {line.split()[1] for line in lines if line.startswith("make ")} - recipes()
    assert not unknown, f"{page.name}, line {block.line}: no such recipe {unknown}"
    script = "\n".join(line for line in lines if not line.startswith("make"))
    if script.strip():
        run(page, block, ["bash", "-euo", "pipefail", "-c", script], folder)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small demo is, once a page has run it."""
    return tmp_path_factory.mktemp("docs") / "demo"


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(REPOSITORY)))
def test_every_block_of_the_page_runs(document, tmp_path, demo):
    python: list[Block] = []
    not_run = False
    for block in read_blocks(document):
        assert block.language in KNOWN, (
            f"{document.name}, line {block.line}: say which language this block is in"
        )
        if block.language == "python":
            # One process runs all that stand together: what a block makes, later ones may use.
            python.append(block)
            not_run = True
            continue
        if not_run and block.language == "sh":
            run_python(document, python, tmp_path)
            not_run = False
        if block.file:
            target = tmp_path / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.code, encoding="utf-8")
        if block.language == "toml":
            tomllib.loads(block.code)
        elif block.language == "sh":
            run_shell(document, block, tmp_path, demo)
    if not_run:
        run_python(document, python, tmp_path)
