"""`masto` (npm) as it is installed, in a Node process of its own, driven a call a line."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.clients.browser import OUT_OF_BAND, allow
from tests.clients.serving import PASSWORD, ServedNode, seen
from tests.peers.fedify.install import ensure_installed

HERE: Final = Path(__file__).resolve().parent / "masto"
SCOPES: Final = "read write follow push"


class MastoError(AssertionError):
    """masto raised; `status` is what the node answered, if it did."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class Masto:
    """One person's client. Names are masto's own; `$115` in a path stands for `$select("115")`."""

    def __init__(self, node: ServedNode, handle: str) -> None:
        self.node = node
        self.handle = handle
        program = ensure_installed(folder=HERE).program
        self._process = subprocess.Popen(
            [program, "person.mjs", node.url],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __call__(self, path: str, *args: Any) -> Any:
        """`client.v1.statuses.create(…)` is `("v1 statuses create", …)`; what was awaited."""
        return self._ask(path=path.split(), args=args)

    def pages(self, most: int, path: str, *args: Any) -> list[list[Any]]:
        """The first pages of a paginator."""
        found: list[list[Any]] = self._ask(pages=most, path=path.split(), args=args)
        return found

    def subscribe(self, stream: str, *args: Any) -> None:
        """Open a stream."""
        self._ask(subscribe=stream.split(), args=args)

    def next(self, event: str) -> Any:
        """The payload of the next event of this name. Raises MastoError if none comes."""
        return self._ask(next=event)["payload"]

    def log_in(self) -> str:
        """Register an app, let the person allow it in a browser, exchange the code; the token."""
        wanted = {"clientName": "Notes in JavaScript", "redirectUris": OUT_OF_BAND}
        app = self("v1 apps create", wanted | {"scopes": SCOPES})
        page = f"{self.node.url}/oauth/authorize?response_type=code&client_id={app['clientId']}"
        page += f"&redirect_uri={OUT_OF_BAND}&scope={SCOPES.replace(' ', '+')}"
        given = {
            "grantType": "authorization_code",
            "clientId": app["clientId"],
            "clientSecret": app["clientSecret"],
            "redirectUri": OUT_OF_BAND,
            "scope": SCOPES,
            "code": allow(page, self.handle, PASSWORD),
        }
        token = self._ask(path=["token", "create"], args=[given], **{"as": "oauth"})
        self._ask(token=token["accessToken"])
        return str(token["accessToken"])

    def sees(self, words: str, path: str = "v1 timelines home list", *args: Any) -> Any:
        """Wait until a timeline shows these words; the status."""

        def found() -> Any:
            return next((one for one in self(path, *args) if words in shown(one)), None)

        return seen(found, f"{words!r} in masto's {path}")

    def account(self, acct: str) -> Any:
        """Somebody whom the node knows."""
        return self("v1 accounts lookup", {"acct": acct})

    def _ask(self, **asked: Any) -> Any:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        line = process.stdout.readline()
        assert line, f"masto ended: {asked}"
        said = json.loads(line)
        if "error" in said:
            raise MastoError(said["error"], said["status"])
        return said["result"]


def shown(status: Any) -> str:
    """The HTML of a status, or of the one that it shares."""
    content: str = (status["reblog"] or status)["content"]
    return content
