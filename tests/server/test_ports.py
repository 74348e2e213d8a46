"""Ports for what the tests start: two that run beside each other never get the same."""

import errno
import socket

import pytest

from bench.ports import free_port


def test_a_port_given_is_not_given_away_before_its_server_listens() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
        other.bind(("127.0.0.1", port))
    assert refused.value.errno == errno.EADDRINUSE


def test_its_server_may_listen_there_and_again_after_a_restart() -> None:
    port = free_port()
    for _ in range(2):
        with (
            socket.create_server(("127.0.0.1", port)) as server,
            socket.create_connection(("127.0.0.1", port), timeout=5) as caller,
        ):
            accepted, _ = server.accept()
            accepted.close()
            assert caller.getpeername() == ("127.0.0.1", port)


def test_nobody_listens_there_before_its_server_does() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()), timeout=5)


def test_many_are_given_and_all_differ() -> None:
    assert len({free_port() for _ in range(100)}) == 100
