"""Where the command line writes: results to standard output, progress and problems to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# Piped output is read by programs and in logs, which have no width: 80 columns would cut tables there.
_PIPED_WIDTH = 140

console = Console(width=None if os.isatty(1) else _PIPED_WIDTH, highlight=False, emoji=False)
problems = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


@contextmanager
def show_progress(first: str) -> Iterator[Callable[[str], None]]:
    """A spinner with the stage's name on a terminal; a line a stage elsewhere."""
    if not sys.stderr.isatty():
        yield lambda name: problems.print(f"{name} ...")
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=problems, transient=True) as progress:
        task = progress.add_task(first)
        yield lambda name: progress.update(task, description=name)
