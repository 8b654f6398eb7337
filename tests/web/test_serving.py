"""Starting the site from the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from evenground.audit_log import verify_log
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


def refuses(address: str, length: int) -> bytes:
    """What the site answers to the announcement of a body of so many bytes, before any of it is sent."""
    port = int(address.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(
            f"POST /uploads/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        return line.recv(12)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write_sample_release(tmp_path / "releases")
    return tmp_path


@needs_assets
@pytest.mark.parametrize(("number", "processes"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_the_site_serves_a_workspace_and_stops_without_a_complaint(
    workspace: Path, number: signal.Signals, processes: str
) -> None:
    arguments = ("--workspace", str(workspace), "--port", "0", "--demo-accounts", "--processes", processes)
    with started(*arguments) as (site, printed):
        address = re.search(r"http://127\.0\.0\.1:\d+/", printed)
        assert address, printed
        with urllib.request.urlopen(address[0]) as answer:  # noqa: S310
            page = answer.read().decode()
        assert "Samplebury" in page
        style = re.search(r'href="(/static/nhsuk/nhsuk\.css[^"]*)"', page)
        assert style
        with urllib.request.urlopen(address[0].rstrip("/") + style[1]) as answer:  # noqa: S310
            assert answer.status == 200
        assert refuses(address[0], 300_000_000) == b"HTTP/1.1 413"
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
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks Linux for the processes of a process")
def test_two_processes_share_a_site_its_turns_and_its_log(workspace: Path) -> None:
    arguments = ("--workspace", str(workspace), "--port", "0", "--processes", "2")
    with started(*arguments) as (site, printed), ThreadPoolExecutor(8) as readers:
        address = re.search(r"http://127\.0\.0\.1:\d+/", printed)[0]
        first, second = children_of(site.pid)

        def download(number: int) -> int:
            with urllib.request.urlopen(f"{address}profiles/screening/table.csv?n={number}") as answer:  # noqa: S310
                return len(answer.read())

        assert len(set(readers.map(download, range(60)))) == 1
        assert verify_log(workspace / "site-log.jsonl").number == 60

        os.kill(first, signal.SIGKILL)
        assert "exit code -9. Another takes its place." in site.stderr.readline()
        assert len(set(readers.map(download, range(8)))) == 1
        wait_until(lambda: len(children_of(site.pid)) == 2)
        assert second in children_of(site.pid)

        # However the process that watches ends, those that it started end with it.
        left = children_of(site.pid)
        site.kill()
        wait_until(lambda: not any(is_running(one) for one in left))


def children_of(number: int) -> list[int]:
    listed = Path(f"/proc/{number}/task/{number}/children").read_text()
    return [int(child) for child in listed.split()]


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("It did not come about within 30 seconds.")


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
