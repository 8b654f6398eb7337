"""A Spark session to count in: the one that is open, one of a Connect server or cluster, or one made here.

Spark writes to many places unless it is told not to. A session that is made here has a process of its own
for Java, which lasts as long as the session; what that process prints is thrown away, because Spark quotes
values when it complains; it listens to this machine only; and all that it writes goes to a folder beside
the records, inside the secure zone, which is removed with it.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from evenground.engine.request import Request
from evenground.errors import Fault, WorkspaceError
from evenground.workspace import temporary_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL: Final = "local[*]"
SECONDS_TO_ANSWER: Final = 20.0
"""How long a server may take to answer before it counts as out of reach."""

_MEGABYTES: Final = {"MB": 1, "MIB": 1, "GB": 1000, "GIB": 1024, "TB": 1_000_000, "TIB": 1024 * 1024}
_LEAST_MEGABYTES: Final = 512
_SETTINGS: Final = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.caseSensitive": "false",
}


@contextmanager
def open_session(request: Request) -> Iterator[SparkSession]:
    """A session for one count, with settings and views of its own.

    With no URL it is a new session of the one that is open in this process, as in a notebook of a cluster,
    if there is one; and otherwise Spark in this machine's memory.

    Raises
    ------
    WorkspaceError
        Where Spark or Java is not installed, the URL is wrong, or nothing answers there.
    """
    _require_pyspark()
    from pyspark.errors import PySparkException

    with ExitStack() as stack:
        stack.enter_context(silence())
        try:
            session = stack.enter_context(_choose_session(request))
            for key, value in _SETTINGS.items():
                session.conf.set(key, value)
        except PySparkException as error:
            what = f"no session can be opened at {name_of(request.url)} ({condition(error)})."
            raise _cannot_start("engine", what, "Ask whoever looks after Spark.") from None
        yield session


@contextmanager
def _choose_session(request: Request) -> Iterator[SparkSession]:
    if request.url and request.url.startswith("sc://"):
        with _connect(request.url) as session:
            yield session
    elif not request.url and (active := _active_session()):
        yield active.newSession()
    else:
        with _start(request, request.url or LOCAL) as session:
            yield session


def _active_session() -> SparkSession | None:
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is None:
        _require_all_of_pyspark()
        from pyspark import SparkContext

        # Open, but in another thread.
        if SparkContext._active_spark_context is not None:
            active = SparkSession.builder.getOrCreate()
    return active


def _require_all_of_pyspark() -> None:
    """The small package, pyspark-client, can only connect to a server."""
    from pyspark.util import is_remote_only

    if is_remote_only():
        what = "only the client of Spark is installed, which needs the URL of a Connect server."
        raise _cannot_start("engine.url", what, "Give sc://host:port, or install 'evenground[spark]'.")


@contextmanager
def silence() -> Iterator[None]:
    """PySpark logs what it raises, with the values and the query in it, and warns of a newer pandas."""
    from pyspark.logger import PySparkLogger

    loggers: list[logging.Logger] = [
        PySparkLogger.getLogger(name) for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
    ]
    loggers += [logging.getLogger(name) for name in ("py4j", "pyspark")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def name_of(url: str | None) -> str:
    """A URL as it may be shown: its parameters may hold a token, its user a password."""
    if not url or "://" not in url:
        return url or LOCAL
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition(';')[0].partition('/')[0].rpartition('@')[2]}"


def condition(error: BaseException) -> str:
    """The name of what went wrong: Spark's own where it has one, and never its message."""
    named = getattr(error, "getCondition", None)
    return str((named() if named else None) or type(error).__name__)


def _cannot_start(where: str, what: str, fix: str) -> WorkspaceError:
    return WorkspaceError("The counts cannot be made with Spark.", [Fault(where, what, fix)])


def _require_pyspark() -> None:
    try:
        import pyspark.sql  # noqa: F401
    except ImportError:
        fix = "Install it with: pip install 'evenground[spark]'"
        raise _cannot_start("engine", "Spark for Python is not installed.", fix) from None


# A Connect server.


@contextmanager
def _connect(url: str) -> Iterator[SparkSession]:
    try:
        import grpc
        from pyspark.sql.connect.client import DefaultChannelBuilder
        from pyspark.sql.connect.session import SparkSession as ConnectSession
    except ImportError:
        fix = "Install it with: pip install 'evenground[spark]'"
        raise _cannot_start("engine", "the client of Spark Connect is not installed.", fix) from None
    from pyspark.errors import PySparkValueError

    try:
        builder = DefaultChannelBuilder(url)
    except (PySparkValueError, ValueError):
        fix = "Write it as sc://host:15002, and after that ;key=value for each setting."
        raise _cannot_start("engine.url", f"{name_of(url)} is not a URL of Spark Connect.", fix) from None
    if not _answers(builder.endpoint):
        raise _out_of_reach(url)
    with builder.toChannel() as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=SECONDS_TO_ANSWER)
        except grpc.FutureTimeoutError:
            raise _out_of_reach(url) from None
    session = ConnectSession.builder.channelBuilder(builder).create()
    try:
        yield session  # type: ignore[misc]
    finally:
        with suppress(Exception):
            session.stop()


def _out_of_reach(url: str) -> WorkspaceError:
    what = f"nothing answers at {name_of(url)} within {SECONDS_TO_ANSWER:.0f} seconds."
    return _cannot_start("engine.url", what, "Check the address, and that Spark is running there.")


# Spark started from here: on this machine, or on a cluster by its master's URL.


@contextmanager
def _start(request: Request, master: str) -> Iterator[SparkSession]:
    _require_all_of_pyspark()
    from pyspark import SparkContext

    _require_java()
    # Knock before starting anything: Spark itself keeps trying for a minute.
    if master.startswith("spark://") and not any(map(_answers, master.removeprefix("spark://").split(","))):
        raise _out_of_reach(master)
    if SparkContext._active_spark_context is not None:
        what = "a Spark session is open in this process, and Python can have only one."
        raise _cannot_start("engine.url", what, "Leave engine.url out, or stop that session first.")
    with temporary_folder(request.persons.parent, ".spark") as folder:
        options = {**usual_options(Path(folder)), "spark.master": master}
        if master.startswith("local"):
            options |= options_here(request.memory_limit)
        with run_spark(options) as session:
            yield session


def usual_options(folder: Path) -> dict[str, str]:
    """Quiet, and writing nowhere but in a folder."""
    return {
        "spark.app.name": "evenground",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.eventLog.enabled": "false",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.driver.extraJavaOptions": f'-Djava.io.tmpdir="{folder}" -XX:-UsePerfData',
    }


def options_here(memory_limit: str | None) -> dict[str, str]:
    """On this machine alone: nothing listens to any other."""
    return {
        "spark.driver.memory": f"{_megabytes(memory_limit)}m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": str(4 * (os.cpu_count() or 1)),
    }


def _megabytes(limit: str | None) -> int:
    """The memory that Java may use: what is asked for, or most of what the machine has."""
    if limit is None:
        return max(_LEAST_MEGABYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 6 // 10**7)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?B)\s*", limit.upper())
    megabytes = int(float(found[1]) * _MEGABYTES.get(found[2], 0)) if found else 0
    if megabytes < _LEAST_MEGABYTES:
        what = f'the memory limit "{limit}" is not one that Spark can work with.'
        raise _cannot_start("engine.memory_limit", what, f"Give at least {_LEAST_MEGABYTES}MB, such as 8GB.")
    return megabytes


@contextmanager
def run_spark(options: dict[str, str]) -> Iterator[SparkSession]:
    """Spark's Java process, which ends with the session: a second one could not have another folder."""
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    conf = SparkConf(loadDefaults=False).setAll(list(options.items()))
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        gateway = launch_gateway(conf, popen_kwargs=silent)  # type: ignore[no-untyped-call]
    except PySparkRuntimeError:
        what = (
            "Java cannot start Spark here: it is older than Java 17, or there is less memory than asked for."
        )
        raise _cannot_start("engine", what, "Install Java 17 or newer, or give less memory.") from None
    try:
        try:
            session = SparkSession(SparkContext(conf=conf, gateway=gateway))
        except (Py4JError, ConnectionError):
            what = f"Spark cannot start at {name_of(options['spark.master'])}."
            fix = "Check the address, and that Spark is running there."
            raise _cannot_start("engine.url", what, fix) from None
        try:
            yield session
        finally:
            with suppress(Py4JError, ConnectionError), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                session.stop()
    finally:
        _end(gateway)


def _end(gateway: Any) -> None:
    from pyspark import SparkContext

    with suppress(Exception):
        gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(timeout=SECONDS_TO_ANSWER)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (home and (Path(home) / "bin" / "java").is_file()):
        fix = "Install Java 17 or newer (Debian: apt install default-jre-headless), or set JAVA_HOME."
        raise _cannot_start("engine", "there is no Java here, which Spark needs.", fix)


def _answers(address: str) -> bool:
    """Whether anything listens at ``host:port``."""
    with suppress(OSError, ValueError):
        parts = urlsplit(f"//{address}")
        socket.create_connection((parts.hostname or "", parts.port or 7077), SECONDS_TO_ANSWER).close()
        return True
    return False
