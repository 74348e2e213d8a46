"""What people write to the helper, and what is understood of it."""

import pytest

from domain.commands import USAGE, Command, Puzzle, Verb, read_command
from domain.handles import Acct
from domain.kinds import Preset
from domain.roles import CommunityRole

CY = Acct("cy", "n3.example:8443")
PLACE = Acct("safe-lifting")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("approve @cy@n3.example:8443", Command(Verb.APPROVE, who=CY)),
        ("@tertulia approve @cy@n3.example:8443", Command(Verb.APPROVE, who=CY)),
        ("approve cy@n3.example:8443 @tertulia@n1.example", Command(Verb.APPROVE, who=CY)),
        ("Approve @cy@n3.example:8443.", Command(Verb.APPROVE, who=CY)),
        (
            "accept @cy@n3.example:8443 to safe-lifting",
            Command(Verb.APPROVE, who=CY, place=PLACE),
        ),
        (
            "refuse @cy@n3.example:8443 to @safe-lifting: only for riggers",
            Command(Verb.REFUSE, who=CY, place=PLACE, text="only for riggers"),
        ),
        (
            "remove @bo from safe-lifting: moved\non",
            Command(Verb.REMOVE, who=Acct("bo"), place=PLACE, text="moved on"),
        ),
        ("invite @ana as steward", Command(Verb.INVITE, Acct("ana"), role=CommunityRole.STEWARD)),
        (
            "make @ana steward of safe-lifting",
            Command(Verb.MAKE, who=Acct("ana"), place=PLACE, role=CommunityRole.STEWARD),
        ),
        ("launch safe-lifting", Command(Verb.LAUNCH, place=PLACE)),
        ("leave the community @safe-lifting", Command(Verb.LEAVE, place=PLACE)),
        ("please", Puzzle("please")),
        (
            "create safe-lifting Safe lifting: to lift, without pain",
            Command(Verb.CREATE, place=PLACE, name="Safe lifting", text="to lift, without pain"),
        ),
        (
            "create safe-lifting Safe lifting",
            Command(Verb.CREATE, place=PLACE, name="Safe lifting"),
        ),
        ("", Command(Verb.HELP)),
        ("@tertulia", Command(Verb.HELP)),
        ("hello!", Command(Verb.HELP)),
        ("approve", Puzzle("approve", Verb.APPROVE)),
        ("make @ana king", Puzzle("make @ana king", Verb.MAKE)),
        ("create x", Puzzle("create x", Verb.CREATE)),
        ("leave", Puzzle("leave", Verb.LEAVE)),
        ("dance with @cy", Puzzle("dance with @cy")),
        (
            "set safe-lifting relay timeline",
            Command(Verb.SET, place=PLACE, setting="relay", text="timeline"),
        ),
        ("set keeps words yes", Command(Verb.SET, setting="keeps-words", text="yes")),
        (
            "set the community @safe-lifting history: since joining",
            Command(Verb.SET, place=PLACE, setting="history", text="since joining"),
        ),
        (
            "set safe-lifting name The Community of Lifters",
            Command(Verb.SET, place=PLACE, setting="name", text="The Community of Lifters"),
        ),
        ("set safe-lifting relay", Puzzle("set safe-lifting relay", Verb.SET)),
        ("set safe-lifting", Puzzle("set safe-lifting", Verb.SET)),
        ("mute Cy Young in safe-lifting", Command(Verb.MUTE, place=PLACE, name="Cy Young")),
        ("unmute @cy", Command(Verb.UNMUTE, name="cy")),
        ("mute", Puzzle("mute", Verb.MUTE)),
        ("mute in safe-lifting", Puzzle("mute in safe-lifting", Verb.MUTE)),
        ("digest weekly", Command(Verb.DIGEST, place=Acct("weekly"))),
    ],
)
def test_sentences(said: str, meant: Command | Puzzle) -> None:
    assert read_command(said) == meant


@pytest.mark.parametrize("verb", list(Verb))
def test_every_example_that_we_teach_is_understood(verb: Verb) -> None:
    found = read_command(USAGE[verb])
    assert isinstance(found, Command)
    assert found.verb is verb


@pytest.mark.parametrize(
    "said",
    ["@" * 5000, "approve " * 900, ":" * 9000, "a" * 100_000, "\x00"],
    ids=["at", "verbs", "colons", "letters", "nul"],
)
def test_nothing_that_is_written_breaks_it(said: str) -> None:
    assert isinstance(read_command(said), Command | Puzzle)


@pytest.mark.parametrize(
    ("said", "name", "preset"),
    [
        ("Lifting, open to the world: to lift", "Lifting", Preset.WORLD),
        ("Lifting (open to the world): to lift", "Lifting", Preset.WORLD),
        ("Lifting Open To Everyone Here: to lift", "Lifting", Preset.HERE),
        ("Lifting, members only, with partners: to lift", "Lifting", Preset.PARTNERS),
        ("Lifting: open to the world", "Lifting", None),
        ("The world: to lift", "The world", None),
    ],
)
def test_a_name_may_say_for_whom_a_community_is(
    said: str, name: str, preset: Preset | None
) -> None:
    command = read_command(f"create lifting {said}")
    assert isinstance(command, Command)
    assert (command.name, command.preset) == (name, preset)


@pytest.mark.parametrize("verb", ["withdraw", "restore", "close", "reopen", "feature", "unfeature"])
def test_posts_are_meant_by_their_address(verb: str) -> None:
    command = read_command(f"@tertulia {verb} http://hq.localhost:8081/@ana/12: off-topic")
    assert isinstance(command, Command)
    assert (command.verb, command.address) == (verb, "http://hq.localhost:8081/@ana/12")
    assert command.text == "off-topic"
    assert isinstance(read_command(f"{verb} it"), Puzzle)


def test_somebody_is_shut_out_of_a_place() -> None:
    command = read_command("ban @dee@social.example from safe-lifting: spam")
    assert isinstance(command, Command)
    assert (command.verb, str(command.who), str(command.place)) == (
        "ban",
        "dee@social.example",
        "safe-lifting",
    )
    assert command.text == "spam"
