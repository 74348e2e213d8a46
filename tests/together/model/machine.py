"""The machine that does things at random, and compares after each what everybody sees."""

import asyncio
import time
from collections.abc import Coroutine
from itertools import count
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.together.model.expected import Expected, Word
from tests.together.model.nodes import FAR, HOMES, PEOPLE, SECOND, STEWARD, Places

T = TypeVar("T")
people = st.sampled_from(PEOPLE)
movable = st.sampled_from([one for one in PEOPLE if one not in {STEWARD, SECOND}])
FIRST = ("bo", "cy")
choices = st.integers(0, 7)
WAIT = 60


class Machine(RuleBasedStateMachine):
    """One community from its founding on. Its rules run in a thread, the nodes in the loop."""

    places: ClassVar[Places]
    loop: ClassVar[asyncio.AbstractEventLoop]
    ends_at: ClassVar[float]
    done: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.expected = Expected(STEWARD, {STEWARD, SECOND})
        self.deaf: str | None = None
        self.mute: str | None = None
        self.tokens = count(1)
        self.log: list[str] = []

    # How it goes.

    @classmethod
    def over(cls) -> bool:
        """Whether the time for all of this has passed: the rest does nothing."""
        return time.monotonic() > cls.ends_at

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT)

    def _step(self, what: str, *works: Coroutine[Any, Any, Any]) -> None:
        self.log.append(what)
        verb = what.split(maxsplit=1)[0]
        self.done[verb] = self.done.get(verb, 0) + 1
        for work in works:
            self._do(work)
        self._do(self._compare())

    async def _compare(self) -> None:
        await self.places.settled()
        for who in PEOPLE if self.mute is None else ():
            if HOMES[who] != self.deaf:
                shown = await self.places.view(who)
                wanted = self.expected.view(who)
                assert shown == wanted, f"{who} sees {shown}, not {wanted}, after {self.log}"
            if who not in self.expected.members and HOMES[who] != self.deaf:
                await self._reads_only_own(who)

    async def _reads_only_own(self, who: str) -> None:
        for word in self.expected.words:
            if word.author != who:
                can = await self.places.readable(who, word.uri)
                assert not can, f"{who} still reads {word.token}, after {self.log}"

    def teardown(self) -> None:
        """In the end everything arrives."""
        if self._is_quiet() and not self.over():
            self._hear()

    @initialize()
    def found(self) -> None:
        """A community of Ana and Gus, and one member on each of the other nodes."""
        if self.over():
            return
        self._step("found", self.places.found())
        for who in FIRST:
            self.join(who)
        for who in (STEWARD, *FIRST):
            self.say(who)

    # What may happen.

    @rule(who=people)
    def say(self, who: str) -> None:
        if self.over() or who not in self.expected.members:
            return
        self._said(f"say {who}", Word("", who, f"w{next(self.tokens)}x"))

    @rule(who=people, choice=choices)
    def answer(self, who: str, choice: int) -> None:
        parent = self._seen_by(who, choice)
        if parent is None:
            return
        word = Word("", who, f"w{next(self.tokens)}x", parent)
        self._said(f"answer {who} to {parent.token}:", word)

    def _said(self, what: str, word: Word) -> None:
        parent = None if word.parent is None else word.parent.uri
        word.uri = self._do(self.places.say(word.author, word.token, parent))
        word.waits = self.mute == HOMES[word.author]
        self.expected.words.append(word)
        self._step(f"{what} {word.token}")

    @rule(who=people, choice=choices)
    def edit(self, who: str, choice: int) -> None:
        word = self._own(who, choice)
        if word is None:
            return
        word.token = f"w{next(self.tokens)}x"
        self._step(f"edit {who} {word.token}", self.places.edit(who, word.uri, word.token))

    @rule(who=people, choice=choices)
    def delete(self, who: str, choice: int) -> None:
        word = self._own(who, choice)
        if word is None:
            return
        word.deleted = True
        self._step(f"delete {who} {word.token}", self.places.delete(who, word.uri))

    @rule(who=people, choice=choices)
    def like(self, who: str, choice: int) -> None:
        word = self._seen_by(who, choice)
        if word is None:
            return
        if word.waits:
            self._step(f"wait {who} {word.token}", self.places.cannot_like_yet(who, word.uri))
            return
        word.likes ^= {who}
        likes = who in word.likes
        verb = "like" if likes else "unlike"
        self._step(f"{verb} {who} {word.token}", self.places.like(who, word.uri, likes=likes))

    @rule(who=movable)
    def join(self, who: str) -> None:
        if self.over() or self._is_quiet() or who in self.expected.members:
            return
        self.expected.members.add(who)
        self._step(f"join {who}", self.places.join(who))

    @rule(who=movable)
    def leave(self, who: str) -> None:
        if self.over() or self._is_quiet() or who not in self.expected.members:
            return
        self.expected.members.discard(who)
        self._step(f"leave {who}", self.places.leave(who))

    @rule(who=movable)
    def remove(self, who: str) -> None:
        if self.over() or self.mute is not None or who not in self.expected.members:
            return
        self.expected.members.discard(who)
        self._step(f"remove {who}", self.places.remove(who))

    @rule(name=st.sampled_from(FAR))
    def deafen(self, name: str) -> None:
        """Nothing reaches a node; what happens elsewhere waits for it."""
        if self.over() or self._is_quiet():
            return
        self.deaf = name
        self._step(f"deafen {name}", self.places.hold("hq", name))

    @rule(name=st.sampled_from(FAR))
    def silence(self, name: str) -> None:
        """Nothing leaves a node: what its people say waits, and nobody else may undo its ground."""
        if self.over() or self._is_quiet():
            return
        self.mute = name
        self._step(f"silence {name}", self.places.hold(name, "hq"))

    @rule()
    def hear(self) -> None:
        if not self.over() and self._is_quiet():
            self._hear()

    def _hear(self) -> None:
        name = self.mute or self.deaf
        self.deaf = self.mute = None
        for word in self.expected.words:
            word.waits = False
        self._step(f"hear {name}", self.places.hear())

    def _is_quiet(self) -> bool:
        return self.deaf is not None or self.mute is not None

    @rule(name=st.sampled_from(("hq", *FAR)), choice=choices)
    def repeat(self, name: str, choice: int) -> None:
        if not self.over() and not self._is_quiet():
            self._step(f"repeat {name} {choice}", self.places.repeat(name, choice))

    # Who may do what to what.

    def _seen_by(self, who: str, choice: int) -> Word | None:
        """A living post that somebody surely has: not while news do not reach their node."""
        living = self.expected.living()
        if self.over() or who not in self.expected.members or not living:
            return None
        return living[choice % len(living)] if self._is_in_touch(who) else None

    def _own(self, who: str, choice: int) -> Word | None:
        own = self.expected.by(who)
        if self.over() or who not in self.expected.members or not own:
            return None
        return own[choice % len(own)] if self._is_in_touch(who) else None

    def _is_in_touch(self, who: str) -> bool:
        """Whether what they see is so; what a silenced node says must find it so later, too."""
        return HOMES[who] != self.deaf and self.mute in {None, HOMES[who]}
