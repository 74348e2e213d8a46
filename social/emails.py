"""E-mail addresses, in a grammar far stricter than RFC 5322's (security.md A17).

What two programs could read differently is refused: quoted local parts, comments, percent signs,
source routes, trailing dots and letters beyond ASCII.
"""

import re
from typing import Final

from domain.errors import Invalid

LONGEST: Final = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets

_ATOM: Final = r"[A-Za-z0-9_+'&=~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)


def check(text: str) -> str:
    """`text` if it is a plain address.

    Raises:
        Invalid: it is not, or could be read in two ways.
    """
    if len(text) > LONGEST or _ADDRESS.fullmatch(text) is None:
        raise Invalid("This is not an e-mail address that can be used", "email")
    if len(text.partition("@")[0]) > 64:
        raise Invalid("This is not an e-mail address that can be used", "email")
    return text


def fold(text: str) -> str:
    """The form under which an address is unique."""
    return text.strip().lower()
