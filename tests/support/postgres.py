"""A PostgreSQL server of a test run's own, on a port of this machine, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "an invented password"  # noqa: S105


@dataclass(frozen=True)
class Postgres:
    """A server that runs; ``address`` is that of its only database."""

    port: int
    account: str = "reader"

    @property
    def address(self) -> str:
        return f"postgresql://{self.account}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        from adbc_driver_postgresql import dbapi

        owner = self.address.replace("reader:", "owner:")
        with dbapi.connect(owner, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def write_tables(self, schema: str, tables: Mapping[str, str]) -> None:
        """Tables of CSV texts, with the types that their columns have in a common data model."""
        self.run(f"CREATE SCHEMA {schema}")
        for table, text in tables.items():
            header, *lines = text.splitlines()
            columns = ", ".join(f'"{name}" {_type(name)}' for name in header.split(","))
            self.run(f"CREATE TABLE {schema}.{table} ({columns})")
            rows = [", ".join("NULL" if not c else f"'{c}'" for c in line.split(",")) for line in lines]
            # Last first: what is read must not depend on how rows came to lie.
            self.run(f"INSERT INTO {schema}.{table} VALUES {', '.join(f'({row})' for row in reversed(rows))}")
        self.run(
            f"GRANT USAGE ON SCHEMA {schema} TO reader",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader",
        )


def _type(column: str) -> str:
    endings = {
        "_datetime": "timestamp",
        "_date": "date",
        "_value": "varchar(50)",
        "as_number": "numeric",
        "_of_birth": "int",
    }
    return next(
        (kind for ending, kind in endings.items() if column.endswith(ending)),
        "bigint" if column.endswith("_id") else "text",
    )


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Start a server; skip where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: .ci/run installs it")
        pytest.skip("PostgreSQL's server (initdb) is not installed")
    pytest.importorskip("adbc_driver_postgresql", reason="the extra 'postgres' is not installed")
    # The server refuses to run as root, and its folder must be its own.
    account = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        os.chown(folder, account.pw_uid, account.pw_gid)
        secret = Path(folder) / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        data, bin_folder = Path(folder) / "data", Path(initdb).parent
        quiet = {"check": True, "capture_output": True, "cwd": folder, "timeout": 120, **user}
        subprocess.run(
            [
                initdb,
                "-D",
                data,
                "-U",
                "owner",
                "--auth=scram-sha-256",
                f"--pwfile={secret}",
                "-E",
                "UTF8",
                "--no-sync",
            ],
            **quiet,
        )
        options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -p {port}"
        control = [bin_folder / "pg_ctl", "-D", data, "-w"]
        subprocess.run([*control, "-l", Path(folder) / "log", "-o", options, "start"], **quiet)
        try:
            server = Postgres(port)
            server.run(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
