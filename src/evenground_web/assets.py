"""Fetch the design system's style sheet and script, and make them fit to serve.

``python -m evenground_web.assets`` runs ``npm ci`` with the npm on the path, or else with the one from the
dependency group ``assets``, and fills ``static_built``. The style sheet of nhsuk-frontend names its icons by
absolute address and fetches a font from another host: the first is rewritten, the second taken out, so that a
page asks nobody but its own site for anything. A second run with nothing changed does nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).resolve().parent / "static_built"
REPOSITORY: Final = Path(__file__).resolve().parents[2]
HOW_TO_BUILD: Final = "python -m evenground_web.assets"

_NHSUK: Final = Path("node_modules") / "nhsuk-frontend"
_STAMP: Final = "stamp"


class AssetsError(Exception):
    """The style sheet or script cannot be had; says what to do."""


def built_stamp() -> str:
    """What was built, as a short digest; empty where nothing was."""
    stamp = BUILT / _STAMP
    return stamp.read_text(encoding="ascii").strip() if stamp.is_file() else ""


def build_assets(repository: Path = REPOSITORY, *, uv: str = "uv") -> bool:
    """Fill ``static_built``; false where it was up to date already.

    Raises
    ------
    AssetsError
        Where this is not a checkout, there is no npm, or npm fails.
    """
    wanted = _wanted_stamp(repository)
    if built_stamp() == wanted:
        return False
    _run_npm_ci(repository, uv)
    _fill(repository / _NHSUK, wanted)
    return True


def localise_css(css: str) -> str:
    """The style sheet with its own icons by relative address, and nothing fetched from another host.

    >>> localise_css("@font-face{src:url(https://a.example/f.woff)}a{background:url(/assets/images/x.svg)}")
    'a{background:url(images/x.svg)}'
    """
    without_fonts = re.sub(r"@font-face\s*\{[^}]*\}", "", css)
    relative = without_fonts.replace("/assets/images/", "images/")
    without_maps = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", relative)
    outside = re.findall(r"url\(\s*['\"]?((?:https?:)?//[^)]*|/[^)]*)\)", without_maps)
    if outside:
        raise AssetsError(f"The style sheet still asks for {outside[0]}. Teach localise_css about it.")
    return without_maps


def _wanted_stamp(repository: Path) -> str:
    files = (repository / "package.json", repository / "package-lock.json", Path(__file__))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise AssetsError(f"{', '.join(missing)} is not here: run this in a checkout of Evenground.")
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _run_npm_ci(repository: Path, uv: str) -> None:
    command = [*_find_npm(uv), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(  # noqa: S603
        command, cwd=repository, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise AssetsError("npm ci failed:\n  " + "\n  ".join(lines[-8:]))


def _find_npm(uv: str) -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if uv := shutil.which(uv) or "":
        python = ["--python", sys.executable]
        return [uv, "run", "--frozen", "--isolated", *python, "--only-group", "assets", "npm"]
    raise AssetsError("There is neither npm nor uv on the path. Install one of them, or run 'make assets'.")


def _fill(source: Path, stamp: str) -> None:
    fresh = BUILT.with_name(f"{BUILT.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    target = fresh / "nhsuk"
    (target / "images").mkdir(parents=True)
    dist = source / "dist" / "nhsuk"
    css = (dist / "nhsuk-frontend.min.css").read_text(encoding="utf-8")
    (target / "nhsuk.css").write_text(localise_css(css), encoding="utf-8")
    script = (dist / "nhsuk-frontend.min.js").read_text(encoding="utf-8")
    (target / "nhsuk.js").write_text(re.sub(r"//# sourceMappingURL=.*", "", script), encoding="utf-8")
    for name in sorted(set(re.findall(r"images/([\w.-]+)", localise_css(css)))):
        shutil.copy(dist / "assets" / "images" / name, target / "images" / name)
    licence = next(iter(sorted(source.glob("LICENSE*"))), None)
    if licence:
        shutil.copy(licence, target / "LICENSE.txt")
    (fresh / _STAMP).write_text(stamp, encoding="ascii")
    shutil.rmtree(BUILT, ignore_errors=True)
    fresh.rename(BUILT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, and say in one line what came of it."""
    parser = argparse.ArgumentParser(prog=HOW_TO_BUILD, description=__doc__)
    parser.add_argument("--uv", default="uv", help="the uv to fetch Node.js with where there is no npm")
    options = parser.parse_args(arguments)
    try:
        built = build_assets(uv=options.uv)
    except AssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("The site's style sheet and script are in place.\n" if built else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
