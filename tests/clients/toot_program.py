"""The `toot` program as it is installed, each command a process, with a folder of its own."""

import re
import subprocess
from pathlib import Path

from tests.clients.browser import allow
from tests.clients.serving import PASSWORD, NodeError, ServedNode, program, seen

_ID = re.compile(r"^ID (\d+) ", re.MULTILINE)
_POSTED = re.compile(r"^Toot posted: (\S+)$", re.MULTILINE)


class TootError(NodeError):
    """toot refused; the text is what it printed."""


class Toot:
    """One person's toot."""

    def __init__(self, node: ServedNode, handle: str, folder: Path) -> None:
        self.node = node
        self.handle = handle
        self.acct = f"@{handle}@{node.domain}"
        self.folder = folder

    def log_in(self) -> str:
        """`toot login`, with the browser and the code as a person would; what it printed."""
        with subprocess.Popen(
            [program("toot"), "login", "--instance", self.node.url],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            told = []
            for line in process.stdout:
                told.append(line)
                if line.startswith(f"{self.node.url}/oauth/authorize"):
                    code = allow(line.strip(), self.handle, PASSWORD)
                    process.stdin.write(f"n\n{code}\n")
                    process.stdin.flush()
        printed = "".join(told)
        if process.returncode != 0:
            raise TootError(printed)
        return printed

    def __call__(self, *arguments: str) -> str:
        """`toot …`; what it printed."""
        done = subprocess.run(
            [program("toot"), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise TootError(f"toot {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder),
            "COLUMNS": "80",
            "LINES": "2000",
            "LANG": "C.UTF-8",
        }

    def timeline(self, *which: str) -> str:
        """`toot timelines …`, all of it at once."""
        return self("timelines", *which, "--no-pager")

    def post(self, text: str, *options: str) -> str:
        """Post; the address that toot prints."""
        printed = self("post", text, *options)
        found = _POSTED.search(printed)
        assert found, printed
        return found[1]

    def sees(self, words: str, *which: str) -> str:
        """Wait until some timeline shows these words; that part of it."""
        return seen(
            lambda: part(self.timeline(*(which or ("home",))), words),
            f"{words!r} in toot timelines {' '.join(which)}",
        )

    def notified(self, words: str) -> str:
        """Wait until a notification says this; that part of what toot prints."""
        return seen(lambda: part(self("notifications"), words), f"{words!r} in toot notifications")


def parts(printed: str) -> list[str]:
    """The posts of a printed timeline, between its lines."""
    return [found.strip() for found in re.split(r"^─+$", printed, flags=re.MULTILINE)]


def part(printed: str, words: str) -> str | None:
    """The post that has these words."""
    return next((found for found in parts(printed) if words in found), None)


def id_of(printed: str) -> str:
    """The id under a printed post."""
    found = _ID.search(printed)
    assert found, printed
    return found[1]
