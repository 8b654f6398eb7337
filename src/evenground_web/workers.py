"""Several processes that serve one site: one that watches, and workers that share its socket.

Each worker is started afresh instead of being forked: libraries that have threads of their own (Polars, the
drawing of charts, what macOS brings) do not survive a fork. A pair of sockets ties a worker to the process
that watches. The worker says one byte when it is ready, and waits for one before it answers anybody; when the
other end closes, however that came about, it stops. So no worker outlives its site.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 4
"""How many start where nobody says: each holds the release, and its finished pages, for itself."""

_READY: Final = b"r"
_GO: Final = b"g"
_SECONDS_TO_STOP: Final = 10


class WorkerError(Exception):
    """A worker ended before it could serve."""


def usual_number() -> int:
    """One for each core that this process may use, up to ``MOST``; one where a socket cannot be shared."""
    if os.name != "posix":
        return 1
    return min(MOST, count_cores())


def count_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    line: socket.socket


class Crew:
    """The workers of a site. Made by ``hire_crew``."""

    def __init__(self, listener: socket.socket, number: int) -> None:
        self._listener = listener
        self._threads = max(1, count_cores() // number)
        self._workers = [self._start() for _ in range(number)]

    def wait_until_ready(self) -> None:
        """Come back when every worker could serve.

        Raises
        ------
        WorkerError
            Where one ended instead.
        """
        for worker in self._workers:
            self._require_ready(worker)

    def begin(self) -> None:
        """Let every worker serve."""
        for worker in self._workers:
            worker.line.sendall(_GO)

    def watch(self) -> None:
        """Replace every worker that ends, until this process is told to stop.

        Raises
        ------
        WorkerError
            Where one that should replace another ends before it can serve.
        """
        while True:
            ended, _, _ = select.select([worker.line for worker in self._workers], [], [])
            for worker in [one for one in self._workers if one.line in ended]:
                self._replace(worker)

    def stop(self) -> None:
        """Let every worker finish what it is about, and end."""
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            try:
                worker.process.wait(_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        descriptors = (self._listener.fileno(), theirs.fileno())
        command = [sys.executable, "-m", "evenground_web", "work", *map(str, descriptors)]
        # Workers that each took every core for their sums would wait for one another.
        environment = {"POLARS_MAX_THREADS": str(self._threads)} | os.environ
        # In a session of its own, so that Ctrl-C reaches only the process that watches, which decides.
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, pass_fds=descriptors, env=environment, start_new_session=True
        )
        theirs.close()
        return _Worker(process, ours)

    def _require_ready(self, worker: _Worker) -> None:
        if worker.line.recv(1) != _READY:
            raise WorkerError(
                f"A process of the site ended at its start, with exit code {worker.process.wait()}."
            )

    def _replace(self, worker: _Worker) -> None:
        worker.line.close()
        code = worker.process.wait()
        sys.stderr.write(f"A process of the site ended, with exit code {code}. Another takes its place.\n")
        another = self._start()
        self._workers[self._workers.index(worker)] = another
        self._require_ready(another)
        another.line.sendall(_GO)


@contextmanager
def hire_crew(listener: socket.socket, number: int) -> Iterator[Crew]:
    """Workers that start now, and end when the block does."""
    crew = Crew(listener, number)
    try:
        yield crew
    finally:
        crew.stop()


def work(listening: int, line: int, serve: Callable[[socket.socket], None]) -> None:
    """Be a worker: say so, wait for the word, serve, and stop when the process that watches is gone.

    Parameters
    ----------
    listening, line
        Descriptors that were passed on: the site's socket, and the one that ties this worker to its watcher.
    serve
        Answers whoever comes to the socket until it is interrupted.
    """
    signal.signal(signal.SIGTERM, _stop_once)
    watcher = socket.socket(fileno=line)
    try:
        watcher.sendall(_READY)
        if watcher.recv(1) != _GO:
            return
        threading.Thread(target=_stop_when_left, args=(watcher,), daemon=True).start()
        serve(socket.socket(fileno=listening))
    except (KeyboardInterrupt, ConnectionError):
        return


def _stop_once(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _stop_when_left(watcher: socket.socket) -> None:
    watcher.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
