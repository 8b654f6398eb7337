"""How many threads the command line lets linear algebra use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WATCH = """
import os, sys

class Watch:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))

sys.meta_path.insert(0, Watch())
import evenground.cli
import numpy
"""


@pytest.mark.parametrize(("given", "used"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_linear_algebra_has_one_thread_from_the_start_unless_the_user_says_otherwise(given, used):
    outside = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", WATCH], env=outside | given, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [used]
