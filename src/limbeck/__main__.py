"""``python -m limbeck``: the same as the command ``limbeck``."""

import sys

from limbeck.cli import main

sys.exit(main())
