"""An S3-compatible store on loopback: moto's server (PyPI `moto`), which speaks the S3 protocol.

It checks no signatures; everything else that we use it has: objects, ranges, listing, dates.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import Request, urlopen

from bench.ports import free_port


class Store:
    """A running store; buckets are made as they are wanted."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def new_bucket(self, prefix: str = "") -> str:
        """The address of an empty bucket, as the setting has it."""
        name = f"b-{secrets.token_hex(6)}"
        urlopen(Request(f"{self.endpoint}/{name}", method="PUT"), timeout=60).close()
        return f"s3://key:se%2Fcret@{name}/{prefix}?endpoint={self.endpoint}"


@contextmanager
def running_store() -> Iterator[Store]:
    """Run a store until the block ends."""
    port = free_port()
    environment = {**os.environ, "MOTO_PORT": str(port)}
    program = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1"]
    process = subprocess.Popen(
        [*program, "-p", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield Store(port)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("moto's server did not start: pip install 'moto[s3]' flask flask-cors")
