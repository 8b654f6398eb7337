"""``python -m evenground_web``."""

import sys

from evenground_web.serving import main

sys.exit(main())
