"""The same node and foreign servers as for the inbox."""

from tests.inbox.conftest import b, e, here, x

__all__ = ["b", "e", "here", "x"]
