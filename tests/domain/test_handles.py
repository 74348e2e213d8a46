"""Handles: what may be taken here, and how one is read."""

import pytest

from domain.errors import Invalid, NotFound, TooMany
from domain.handles import Acct, check_new_handle, fold, fold_host, is_handle, parse_acct


@pytest.mark.parametrize("name", ["ana", "Ana_2", "safe-lifting", "a.b", "_", "a" * 30, "x--y"])
def test_a_good_handle_is_taken(name: str) -> None:
    assert is_handle(name)
    assert check_new_handle(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 31,
        "-ana",
        "ana-",
        ".ana",
        "ana.",
        "a b",
        "ána",
        "аna",
        "a@b",
        "a/b",
        "ana\n",
        "a\u202eb",
        "ı",
    ],
)
def test_a_bad_handle_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="letters a-z") as refused:
        check_new_handle(name)
    assert refused.value.field == "username"


@pytest.mark.parametrize(
    "name", ["tertulia", "Tertulia", "admin", "ADMIN", "ad-min", "no-reply", "a.d.m.i.n"]
)
def test_a_reserved_handle_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="reserved"):
        check_new_handle(name)


def test_an_operator_gives_out_misleading_words_but_not_the_nodes_own() -> None:
    assert check_new_handle("admin", operator=True) == "admin"
    for own in ("tertulia", "node", "ter_tulia"):
        with pytest.raises(Invalid, match="reserved"):
            check_new_handle(own, operator=True)


def test_handles_fold_to_lower_case() -> None:
    assert fold("AnA") == fold("ana")
    assert fold("ana") != fold("anna")


@pytest.mark.parametrize(
    ("text", "acct"),
    [
        ("ana", Acct("ana")),
        ("@Ana", Acct("Ana")),
        (" @ana@Lab.Example ", Acct("ana", "lab.example")),
        ("@ana@hq.localhost:8081", Acct("ana", "hq.localhost:8081")),
        ("acct:ana@lab.example", Acct("ana", "lab.example")),
        ("ana@münchen.example", Acct("ana", "xn--mnchen-3ya.example")),
        ("ana@127.0.0.1:80", Acct("ana", "127.0.0.1:80")),
    ],
)
def test_an_acct_is_read(text: str, acct: Acct) -> None:
    assert parse_acct(text) == acct


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@@",
        "ana@",
        "@ana@",
        "@ana@lab.example:",
        "@ana@lab.example:0",
        "@ana@lab:99999",
        "@ana@lab:٨٠",
        "@ana@-lab",
        "@ana@lab..example",
        "@ana@lab.example.",
        "@ana@lab/evil",
        "@ana@a@b",
        "@ana@[::1]",
        "a" * 201,
        "@ana@" + "a" * 64,
        "@ana@" + "a." * 130 + "a",
        "@ana@" + "é" * 101,
        "ana@lab.example\\@evil",
        "@ana@lab example",
        "@ana@l\u202eab",
        "@@ana",
    ],
)
def test_what_is_no_acct_is_refused(text: str) -> None:
    assert parse_acct(text) is None


def test_an_acct_is_written_as_it_is_read() -> None:
    assert str(Acct("Ana", "lab.example:8443")) == "Ana@lab.example:8443"
    assert Acct("Ana", "lab.example").folded == "ana@lab.example"
    assert fold_host("LAB.example:8443") == "lab.example:8443"


def test_problems_speak_to_people() -> None:
    assert NotFound().message == "Record not found" == str(NotFound())
    assert TooMany(retry_after=3).retry_after == 3
    assert Invalid("No", "name").field == "name"
