"""Starting the site from the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evenground_web.assets import AssetsError, built_stamp, localise_css
from tests.support.release_factory import write_sample_release

needs_assets = pytest.mark.skipif(not built_stamp(), reason="the style sheet is not built: make assets")


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The site, once it has said where it is; with all that it printed until then."""
    command = [sys.executable, "-m", "evenground_web", "serve", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EVENGROUND_")}
    site = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    printed = ""
    try:
        while "Press Ctrl-C" not in printed and (line := site.stdout.readline()):
            printed += line
        yield site, printed
    finally:
        site.kill()
        site.communicate()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write_sample_release(tmp_path / "releases")
    return tmp_path


@needs_assets
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_site_serves_a_workspace_and_stops_without_a_complaint(
    workspace: Path, number: signal.Signals
) -> None:
    with started("--workspace", str(workspace), "--port", "0", "--demo-accounts") as (site, printed):
        address = re.search(r"http://127\.0\.0\.1:\d+/", printed)
        assert address, printed
        with urllib.request.urlopen(address[0]) as answer:  # noqa: S310
            page = answer.read().decode()
        assert "Samplebury" in page
        style = re.search(r'href="(/static/nhsuk/nhsuk\.css[^"]*)"', page)
        assert style
        with urllib.request.urlopen(address[0].rstrip("/") + style[1]) as answer:  # noqa: S310
            assert answer.status == 200
        roles = re.findall(
            r"^.+  (analyst|steward|lead|champion|frontline|board)\s+\S{16}$", printed, re.MULTILINE
        )
        assert len(roles) == 6
        site.send_signal(number)
        _, complaints = site.communicate()
        assert site.returncode == 0
        assert complaints == ""
    assert stat.S_IMODE((workspace / "site.sqlite3").stat().st_mode) == 0o600


@needs_assets
def test_a_taken_port_is_told_with_what_to_do(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("--workspace", str(workspace), "--port", str(port)) as (site, _):
            _, complaints = site.communicate()
    assert complaints == f"Port {port} is taken. Give another: --port {port + 1}\n"
    assert site.returncode == 9


@needs_assets
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workspace", "nowhere"], "There is no folder nowhere."),
        (["--workspace", ".", "--host", "192.0.2.1"], "set EVENGROUND_HOSTS"),
    ],
)
def test_what_cannot_be_served_is_told_with_what_to_do(arguments: list[str], said: str) -> None:
    with started(*arguments) as (site, _):
        _, complaints = site.communicate()
    assert said in complaints
    assert "Traceback" not in complaints
    assert site.returncode == 9


def test_the_style_sheet_is_refused_where_it_still_asks_another_host() -> None:
    with pytest.raises(AssetsError, match="still asks for https://fonts"):
        localise_css("a{background:url(https://fonts.example/x.svg)}")


@needs_assets
def test_the_built_style_sheet_names_only_files_that_are_there() -> None:
    from evenground_web.assets import BUILT

    css = (BUILT / "nhsuk" / "nhsuk.css").read_text(encoding="utf-8")
    assert "@font-face" not in css
    for address in set(re.findall(r"url\(([^)]+)\)", css)):
        if not address.strip("'\"").startswith("data:"):
            assert (BUILT / "nhsuk" / address.strip("'\"")).is_file(), address


def test_the_lock_file_names_no_registry() -> None:
    lock = Path(__file__).resolve().parents[2] / "package-lock.json"
    assert "http" not in lock.read_text(encoding="utf-8")
