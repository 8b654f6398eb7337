"""Where the command line writes: results to standard output, progress and problems to standard error."""

from __future__ import annotations

import os

from rich.console import Console

# Piped output is read by programs and in logs, which have no width: 80 columns would cut tables there.
_PIPED_WIDTH = 140

console = Console(width=None if os.isatty(1) else _PIPED_WIDTH, highlight=False, emoji=False)
problems = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
