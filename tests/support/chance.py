"""Where a test takes chances: the same ones where a change is judged, new ones at a desk."""

import os
import secrets

from hypothesis import settings


def seed(variable: str) -> int:
    """The seed that the environment variable names; else by chance, but always 1 under CI.

    Hypothesis does the same for its examples: a change is not refused for what another one did.
    """
    named = int(os.environ.get(variable, "0"))
    return named or (1 if settings().derandomize else secrets.randbelow(1 << 32))
