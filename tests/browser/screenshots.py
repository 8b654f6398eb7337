"""Pictures of the site on a phone and on a desk, for the README and the documentation.

``python -m tests.browser.screenshots --url http://127.0.0.1:8000 --out docs/images`` takes them from a site
that runs; without ``--url``, the workspace's own site is started for as long as it takes.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from tests.support.chromium import ARGUMENTS, DESKTOP, PHONE, find_chromium

SIZES: Final = {"phone": {**PHONE, "height": 1500}, "desktop": {**DESKTOP, "height": 1700}}
"""Taller than a screen, so that a picture shows what is under the headings."""

PROFILE: Final = "/profiles/prevention/"
ADDRESSES: Final = {
    "home": "/",
    "profile": f"{PROFILE}?pictures=bowel_screening",
    "indicator": f"{PROFILE}bowel_screening/",
    "priorities": "/priorities/?service=bowel_screening&order=local",
}


def take_pictures(url: str, out: Path, *, whole_page: bool = False) -> list[Path]:
    """Take every picture and return the files, named after page and size."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit("There is no Chromium here. On Debian: apt install chromium")
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            return [path for size in SIZES for path in _take_at(browser, url, out, size, whole_page)]
        finally:
            browser.close()


def _take_at(browser: Browser, url: str, out: Path, size: str, whole_page: bool) -> Iterator[Path]:
    context = browser.new_context(viewport=SIZES[size])
    page = context.new_page()
    for name, path in ADDRESSES.items():
        answer = page.goto(url.rstrip("/") + path)
        if answer is None or not answer.ok:
            raise SystemExit(f"{path} cannot be shown. Build the demo first: make demo DEMO=--no-serve")
        file = out / f"{name}-{size}.png"
        page.screenshot(path=file, full_page=whole_page)
        yield file
    context.close()


@contextmanager
def serve_workspace(workspace: Path) -> Iterator[str]:
    """The site of a workspace on a free port, for as long as the pictures take."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "evenground_web", "serve", "--workspace", str(workspace)]
    site = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    try:
        for line in site.stdout or ():
            if line.startswith("The site is at "):
                yield line.removeprefix("The site is at ").strip()
                return
        raise SystemExit(f"The site of {workspace} did not start.")
    finally:
        site.terminate()
        site.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures and list them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a site that runs; else the workspace's own is started")
    parser.add_argument("--workspace", type=Path, default=Path("demo"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--whole-page", action="store_true", help="the page down to its end")
    options = parser.parse_args(arguments)
    if options.url:
        made = take_pictures(options.url, options.out, whole_page=options.whole_page)
    else:
        with serve_workspace(options.workspace) as url:
            made = take_pictures(url, options.out, whole_page=options.whole_page)
    sys.stdout.writelines(f"{path}\n" for path in made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
