"""Start the site, or run one of Django's commands, for a workspace."""

from __future__ import annotations

import argparse
import errno
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from evenground_web.workers import MOST, WorkerError, hire_crew, usual_number, work

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
EXIT_NOT_READY: Final = 9
_LONGEST_REQUEST: Final = 256 * 1024 * 1024
"""In bytes: enough for the page that says that a file is too large; longer ones are refused unread."""
EXIT_INTERRUPTED: Final = 130


class NotReadyError(Exception):
    """The site cannot start; says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    options, rest = _make_parser().parse_known_args(arguments)
    if options.command == "manage":
        return _manage(options, rest)
    if options.command == "work":
        _set_up_django()
        _load_pages()
        work(options.listening, options.line, _run)
        return 0
    if rest:
        _make_parser().error(f"unknown arguments: {' '.join(rest)}")
    _stop_cleanly_when_told()
    try:
        return _serve(options)
    except (NotReadyError, WorkerError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NOT_READY
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _stop_cleanly_when_told() -> None:
    # A process started in the background ignores Ctrl-C's signal unless it asks for it again.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evenground_web", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the releases of a workspace")
    serve.add_argument("--workspace", type=Path, required=True, help="the folder that holds releases/")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine)")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument(
        "--demo-accounts", action="store_true", help="make one account a role and print the log-ins"
    )
    serve.add_argument(
        "--processes",
        type=_positive,
        default=usual_number(),
        help=f"how many serve the site at once (default: one a core, up to {MOST})",
    )
    worker = commands.add_parser("work", help="what 'serve' starts: one of its processes")
    worker.add_argument("listening", type=int)
    worker.add_argument("line", type=int)
    manage = commands.add_parser("manage", help="run a Django command", add_help=False)
    manage.add_argument("--workspace", type=Path)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _manage(options: argparse.Namespace, rest: list[str]) -> int:
    if options.workspace is not None:
        _point_at(options.workspace)
    _set_up_django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["python -m evenground_web manage", *rest])
    return 0


def _serve(options: argparse.Namespace) -> int:
    _check_ready(options)
    _point_at(options.workspace)
    if options.host in LOOPBACK:
        os.environ.setdefault("EVENGROUND_INSECURE_COOKIES", "1")
    # The database and its key are for the owner's eyes: password hashes are in them.
    os.umask(0o077)
    with _open_socket(options.host, options.port) as listener:
        _set_up_django()
        address = f"http://{_bracketed(options.host)}:{listener.getsockname()[1]}/"
        if options.processes == 1:
            _load_pages()
            _prepare(address, options)
            _run(listener)
            return 0
        with hire_crew(listener, options.processes) as crew:
            _prepare(address, options, crew.wait_until_ready)
            crew.begin()
            with suppress(KeyboardInterrupt):
                crew.watch()
    return 0


def _prepare(address: str, options: argparse.Namespace, wait: Callable[[], None] = lambda: None) -> None:
    """Bring the database up to date, make what accounts are asked for, and tell where the site is."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    accounts = _make_demo_accounts() if options.demo_accounts else []
    wait()
    _announce(address, accounts)


def _check_ready(options: argparse.Namespace) -> None:
    from evenground_web.assets import HOW_TO_BUILD, built_stamp

    if not options.workspace.is_dir():
        raise NotReadyError(
            f"There is no folder {options.workspace}. Give a workspace: 'evenground init DIR'."
        )
    if not built_stamp():
        raise NotReadyError(f"The site's style sheet is not here yet. Run 'make assets' or '{HOW_TO_BUILD}'.")
    if options.host not in LOOPBACK and not os.environ.get("EVENGROUND_HOSTS"):
        raise NotReadyError(
            f"On {options.host} others can reach the site: set EVENGROUND_HOSTS to the names they will use."
        )
    if options.demo_accounts and options.host not in LOOPBACK:
        raise NotReadyError("Demo accounts are for this machine only. Leave out --host or --demo-accounts.")


def _point_at(workspace: Path) -> None:
    root = workspace.resolve()
    os.environ.setdefault("EVENGROUND_RELEASES", str(root / "releases"))
    os.environ.setdefault("EVENGROUND_DATABASE", str(root / "site.sqlite3"))


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evenground_web.config.settings")
    import django

    django.setup()


def _load_pages() -> None:
    # Done before the address is told, so that the first reader does not wait for the imports.
    from django.urls import get_resolver

    _ = get_resolver().url_patterns


def _open_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise NotReadyError(f"Port {port} is taken. Give another: --port {port + 1}") from error
        raise NotReadyError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error
    return listener


def _make_demo_accounts() -> list[tuple[str, str, str]]:
    from evenground_web.accounts.roles import Role
    from evenground_web.accounts.writes import replace_account

    made = []
    for role in Role:
        password = secrets.token_urlsafe(12)
        replace_account(username=role.value, display_name=f"Demo {role.value}", role=role, password=password)
        made.append((role.label, role.value, password))
    return made


def _announce(address: str, accounts: list[tuple[str, str, str]]) -> None:
    lines = []
    if accounts:
        rows = [("Role", "Log-in name", "Password"), *accounts]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines = ["Demo log-ins, new at every start:", "", *lines, ""]
    lines += [f"The site is at {address}", "Press Ctrl-C to stop it."]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _run(listener: socket.socket) -> None:
    from waitress.server import create_server

    from evenground_web.config.wsgi import application

    server = create_server(
        application, sockets=[listener], threads=8, ident="", max_request_body_size=_LONGEST_REQUEST
    )
    try:
        server.run()
    finally:
        server.close()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
