"""Pictures of a real place for the documentation, built anew from public files.

``python -m tests.browser.real_screenshots --out docs/images`` builds Rotherham from the folder of public
reference data (``EVENGROUND_SHARED``, or ``shared`` beside the checkout), serves it and takes two pictures.
Without that folder it says so and takes none.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from evenground.gate import approve
from evenground.pipeline import build_release
from tests.browser.screenshots import serve_workspace
from tests.conftest import REPOSITORY
from tests.support.chromium import ARGUMENTS, DESKTOP, find_chromium
from tests.support.real_rotherham import write_rotherham_profile

PICTURES: Final = {
    "rotherham-income-deprivation": "/profiles/our_places/income_deprived_imd/",
    "rotherham-practices-smoking": "/profiles/published_figures/smoking_prevalence_qof/funnel/?of=practice",
}


def take_pictures(shared: Path, out: Path) -> list[Path]:
    """The first picture of each page, as files named after it."""
    with tempfile.TemporaryDirectory() as name:
        workspace = write_rotherham_profile(Path(name) / "place", shared)
        release, _ = build_release(workspace)
        approve(workspace.releases, release.id, by="steward-2", reason="", seen=1)
        with serve_workspace(workspace.root) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            page = browser.new_page(viewport=DESKTOP)
            files = []
            for picture, path in PICTURES.items():
                page.goto(url.rstrip("/") + path)
                files.append(out / f"{picture}.png")
                page.locator(".eg-picture").first.screenshot(path=files[-1])
            browser.close()
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures and list them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args(arguments)
    shared = Path(os.environ.get("EVENGROUND_SHARED", REPOSITORY.parent / "shared"))
    if not (shared / "data").is_dir():
        sys.stdout.write(f"There is no folder {shared} of public reference data: no picture is taken.\n")
        return 0
    for path in take_pictures(shared, options.out):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
