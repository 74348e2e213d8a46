"""Ears: every byte that somebody outside receives, from whichever node, kept to be searched.

A door stands before each node, at the port that its origin names, and hands every byte on to where
the node listens. Who is at the door is told by the `User-Agent`: our nodes say who they are.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bench.ports import free_port
from tests.support.nodes import Answer, RunningNode


@dataclass
class Talk:
    """One connection: what the caller said, and what was answered."""

    door: str
    said: bytearray = field(default_factory=bytearray)
    heard: bytearray = field(default_factory=bytearray)

    def is_of(self, origin: str) -> bool:
        """Whether the caller calls itself the node of this origin."""
        return f"(+{origin})".encode() in self.said


class Recorder:
    """Doors before nodes, and what else a test puts into an ear."""

    def __init__(self) -> None:
        self.ports: dict[str, tuple[int, int]] = {}
        self.talks: list[Talk] = []
        self.ears: dict[str, bytearray] = defaultdict(bytearray)
        self._open = AsyncExitStack()

    async def door(self, name: str) -> dict[str, object]:
        """Open a door before a node that will be started; where it shall listen."""
        outside, inside = free_port(), free_port()
        self.ports[name] = outside, inside

        async def arrives(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._pass_on(Talk(name), inside, reader, writer)

        server = await asyncio.start_server(arrives, "127.0.0.1", outside)
        self._open.callback(server.close)
        return {"port": outside, "bind": f"127.0.0.1:{inside}"}

    async def _pass_on(
        self, talk: Talk, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.talks.append(talk)
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _flow(reader, inner_writer, talk.said), _flow(inner_reader, writer, talk.heard)
        )

    def go_around(self, node: RunningNode, name: str) -> None:
        """The apps of a node's own people do not come through the door."""
        node.base = f"http://127.0.0.1:{self.ports[name][1]}"

    def hear(self, ear: str, answer: Answer) -> Answer:
        """Put an answer into an ear."""
        self.ears[ear] += b"\n".join([str(answer.headers).encode(), answer.body])
        return answer

    def node_heard(self, name: str, origin: str) -> bytes:
        """What came to a node: through its own door, and as answers at the others'."""
        came = [bytes(talk.said) for talk in self.talks if talk.door == name]
        asked = [bytes(talk.heard) for talk in self.talks if talk.is_of(origin)]
        return b"\n".join([*came, *asked, self.ears[name]])

    def others_heard(self, origins: Collection[str]) -> bytes:
        """What was answered, at any door, to callers that are none of these nodes."""
        strange = [one for one in self.talks if not any(one.is_of(each) for each in origins)]
        return b"\n".join(bytes(talk.heard) for talk in strange)

    async def close(self) -> None:
        """Close the doors."""
        await self._open.aclose()


async def _flow(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
) -> None:
    try:
        while piece := await reader.read(1 << 16):
            kept += piece
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """A recorder whose doors close with the block."""
    recorder = Recorder()
    try:
        yield recorder
    finally:
        await recorder.close()


class Canaries:
    """Words that stand nowhere else, each with what it stands for. `mark`: how they all begin."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.labels: dict[str, str] = {}

    def __call__(self, label: str) -> str:
        """A new one."""
        token = f"{self.mark}{len(self.labels):03}zx"
        self.labels[token] = label
        return token

    def found_in(self, heard: bytes) -> set[str]:
        """What can be found there, by what it stands for."""
        lowered = heard.lower()
        return {label for token, label in self.labels.items() if token.encode() in lowered}
