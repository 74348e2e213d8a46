"""Ports on loopback for what is started here, kept until it listens."""

import atexit
import socket
from collections import deque
from typing import Final

_KEPT: Final[deque[socket.socket]] = deque(maxlen=128)
"""Of the ports last given, a socket each that is bound and does not listen."""


@atexit.register
def _give_back() -> None:
    while _KEPT:
        _KEPT.pop().close()


def free_port() -> int:
    """A port that nobody listens on, and that no other process is given before somebody does.

    A probe that is closed gives its port back: the next outgoing connection, or the next probe of
    a process beside this one, may be given the same. So the port stays bound. On Linux that keeps
    the system from giving it away, while a server may listen on it: sockets that allow
    SO_REUSEADDR share a port as long as none of the others listens (socket(7)). The probe must not
    allow it until it is bound, or it would share the port of another probe.
    """
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if len(_KEPT) == _KEPT.maxlen:
        _KEPT.popleft().close()
    _KEPT.append(probe)
    return int(probe.getsockname()[1])
