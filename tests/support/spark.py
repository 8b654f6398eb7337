"""Spark for tests: one session for all of them, as small and as quickly started as it goes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evenground.engine.spark_sessions import options_here, run_spark, silence, usual_options

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java that compiles little: right for tables of a few rows."""

HAS_CONNECT = importlib.util.find_spec("grpc") is not None and importlib.util.find_spec("grpc_status")


def require_java() -> None:
    """Skip where there is no Java; in CI, fail."""
    if shutil.which("java") is None:
        missing = "there is no Java here, which Spark needs (Debian: apt install default-jre-headless)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


def free_port() -> int:
    """A port that nothing listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


CONNECT_PORT = free_port()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session that every count finds open, with a Connect server in it where its client is installed."""
    require_java()
    folder: Path = tmp_path_factory.mktemp("spark")
    options = usual_options(folder) | options_here("2GB")
    options |= {"spark.master": "local[2]", "spark.sql.shuffle.partitions": "1"}
    options["spark.driver.extraJavaOptions"] += f" {QUICK_JAVA}"
    if HAS_CONNECT:
        options |= {
            "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(CONNECT_PORT),
        }
    with ExitStack() as stack:
        with silence():
            session = stack.enter_context(run_spark(options))
        yield session
