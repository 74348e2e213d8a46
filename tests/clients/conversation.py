"""A conversation from the command line: Rosa with toot at hq, Tom with Mastodon.py at the lab.

`python -m tests.clients.conversation` starts two nodes on the ports 8081 and 8082, lets them talk
and prints what was typed and what came back. README.md and docs/clients.md quote such a run.
"""

import shlex
import tempfile
from code import InteractiveConsole
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

from tests.clients import mastodon_py
from tests.clients.serving import ServedNode, seen, served
from tests.clients.toot_program import Toot, id_of

TALK: Final = (
    ("What do you check first on a ladder?", "The feet. No rubber, no ladder."),
    ("We keep a list. Do you write a date on them?", "Yes, on a tag: month and year."),
    ("Nothing else on the tag?", "A name. It ends the guessing."),
    ("Who writes it, the owner?", "No, whoever checked it."),
    ("How often?", "Twice a year, and after every fall."),
    ("Of the ladder or of the person?", "Both. The second kind we have not had."),
    ("And if the tag is lost?", "No tag, no climb."),
    ("Did everybody agree?", "It was argued once, and then never again."),
    ("Where do the bad ones go?", "Sawn in two on the same day."),
    ("I will try that here from Monday.", "Tell me in a month how many you sawed."),
)
"""What Rosa says, and what Tom answers; each line answers the one before."""

READ: Final = ("timelines", "home", "--no-pager", "--limit", "1")


class Conversation:
    """Two people, their programs, and the lines that were typed and printed."""

    def __init__(self, hq: ServedNode, lab: ServedNode, folder: Path) -> None:
        self.lines: list[str] = []
        hq.person("rosa")
        self.tom_acct = lab.person("tom")
        self.rosa = Toot(hq, "rosa", folder)
        self.rosa.log_in()
        self.tom = mastodon_py.log_in(lab, "tom")
        self._console = InteractiveConsole({"tom": self.tom})

    def hold(self) -> list[str]:
        """Let them talk; the transcript."""
        self._meet()
        answer = ""
        for question, reply in TALK:
            self._ask(question, answer)
            self._hear(question)
            answer = self._answer(reply)
        last = id_of(self._read(TALK[-1][1]))
        self._toot("thread", last)
        return self.lines

    def _meet(self) -> None:
        self._toot("follow", self.tom_acct)
        seen(self.tom.follow_requests, "Rosa asking to follow Tom")
        self._type("rosa = tom.follow_requests()[0]; rosa.acct")
        self._type("tom.follow_request_authorize(rosa).followed_by")
        self._type("tom.account_follow(rosa).requested")
        seen(self._tom_asks, "Tom asking to follow Rosa")
        self._toot("follow-requests", "accept", self.tom_acct)
        seen(self._both, "Rosa and Tom following each other")

    def _tom_asks(self) -> bool:
        return self.tom_acct in self.rosa("follow-requests", "list")

    def _both(self) -> bool:
        rosa = mastodon_py.find(self.tom, self.rosa.acct)
        (state,) = self.tom.account_relationships(rosa)
        return bool(state.following and state.followed_by)

    def _ask(self, question: str, answer: str) -> None:
        reply = ("--reply-to", id_of(self._read(answer))) if answer else ()
        self._toot("post", question, *reply)

    def _read(self, words: str) -> str:
        """Rosa looks at her home until the answer is the newest post there."""
        printed = seen(lambda: self._newest(words), f"{words!r} at the top of Rosa's home")
        self._keep("hq$", f"toot {shlex.join(READ)}", printed)
        return printed

    def _newest(self, words: str) -> str | None:
        printed = self.rosa(*READ)
        return printed if words in printed else None

    def _hear(self, question: str) -> None:
        """Tom looks at his home once the question is the newest post there."""
        seen(
            lambda: any(question in s.content for s in self.tom.timeline_home(limit=1)),
            f"{question!r} at the top of Tom's home",
        )
        self._type("heard = tom.timeline_home()[0]; heard.content")

    def _answer(self, reply: str) -> str:
        self._type(f'tom.status_reply(heard, "{reply}").url')
        return reply

    def _toot(self, *arguments: str) -> None:
        self._keep("hq$", f"toot {shlex.join(arguments)}", self.rosa(*arguments))

    def _type(self, line: str) -> None:
        """A line in Tom's Python, with what Python shows."""
        shown = StringIO()
        with redirect_stdout(shown):
            self._console.push(line)
        self._keep("lab>>>", line, shown.getvalue())

    def _keep(self, prompt: str, typed: str, printed: str) -> None:
        self.lines += [f"{prompt} {typed}", *printed.rstrip().splitlines()]


def main() -> None:
    """Hold the conversation and print it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hq = stack.enter_context(served("Headquarters", folder, 8081))
        lab = stack.enter_context(served("Laboratory", folder, 8082))
        print("\n".join(Conversation(hq, lab, folder / "rosa").hold()))


if __name__ == "__main__":
    main()
