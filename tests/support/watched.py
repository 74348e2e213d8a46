"""`tertulia`, with the oracles reading along: `python -m tests.support.watched serve`.

What they read and found goes to the file that ORACLES_REPORT names when the process ends.
"""

import atexit
import os
from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson

from server.cli import main
from tests.support import oracles
from tests.support.oracles import ORACLES

REPORT: Final = "ORACLES_REPORT"


def write(path: Path) -> None:
    """What the oracles of this process read and found."""
    told: dict[str, Any] = {"read": oracles.as_data(ORACLES.read), "found": ORACLES.take()}
    path.write_bytes(orjson.dumps(told))


def take_over(path: Path) -> None:
    """Count and tell here what a process that ended left in its file, if it could write one."""
    if path.exists():
        told = orjson.loads(path.read_bytes())
        ORACLES.add(Counter(told["read"]), told["found"])
        path.unlink()


if __name__ == "__main__":
    atexit.register(write, Path(os.environ[REPORT]))
    oracles.watch()
    main()
