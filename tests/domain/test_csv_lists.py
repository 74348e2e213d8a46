"""Lists as Mastodon writes them: what is read, what is written, what a spreadsheet makes of it."""

import csv
import io

import pytest

from domain.csv_lists import LARGEST, MOST, WIDEST, BadList, read, write
from domain.kinds import ImportKind

FOLLOWS, LISTS, BLOCKS = ImportKind.FOLLOWS, ImportKind.LISTS, ImportKind.BLOCKS
MUTES, SERVERS, BOOKMARKS = ImportKind.MUTES, ImportKind.DOMAIN_BLOCKS, ImportKind.BOOKMARKS

MASTODON = b"""Account address,Show boosts,Notify on new posts,Languages
ana@far.example,true,false,
bo@far.example,false,true,"de, en"
"""


def test_a_list_of_mastodon_s_is_understood() -> None:
    assert read(FOLLOWS, MASTODON) == [
        (2, {"account": "ana@far.example", "shares": True, "notify": False, "languages": []}),
        (
            3,
            {
                "account": "bo@far.example",
                "shares": False,
                "notify": True,
                "languages": ["de", "en"],
            },
        ),
    ]
    assert read(MUTES, b"Account address,Hide notifications\na@b.example,false\n") == [
        (2, {"account": "a@b.example", "notifications": False})
    ]


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (FOLLOWS, b"ana@far.example\n", {"account": "ana@far.example"}),
        (BLOCKS, b"\xef\xbb\xbf@ana@far.example\r\n", {"account": "@ana@far.example"}),
        (LISTS, b"Friends,ana@far.example", {"list": "Friends", "account": "ana@far.example"}),
        (SERVERS, b"#domain,#severity\nfar.example,silence\n", {"domain": "far.example"}),
        (SERVERS, b"far.example\n", {"domain": "far.example"}),
        (BOOKMARKS, b"\n\nhttps://far.example/o/1\n", {"uri": "https://far.example/o/1"}),
        (
            LISTS,
            b"Account address,List name\na@b.example,X\n",
            {"list": "X", "account": "a@b.example"},
        ),
    ],
    ids=["bare", "with-mark", "lists", "servers", "bare-servers", "bookmarks", "other-order"],
)
def test_lists_come_with_and_without_names_of_columns(
    kind: ImportKind, content: bytes, said: dict[str, object]
) -> None:
    [(_, found)] = read(kind, content)
    assert found == said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "nothing"),
        (b"Account address\n", "nothing"),
        (b"\xff\xfea\x00", "UTF-8"),
        (b"ana\0@far.example\n", "not text"),
        (b"x" * (LARGEST + 1), "2 MB"),
        (b"a@b.example\n" * (MOST + 1), "10000 lines"),
        (b"\n" * (MOST + 1), "10000 lines"),
        (b"," * 2_000_000, "nothing"),
        (b"#uri," * WIDEST + b"Account address\n" + b"," * WIDEST + b"a@b.example", "another kind"),
        (b'"a@b.example\n' + b"x" * 140_000, "cannot be read"),
        (b"#domain\nfar.example\n", "another kind"),
        (b"https://far.example/o/1\nhttps://far.example/o/2\n", "another kind"),
    ],
    ids=[
        "empty",
        "names",
        "utf16",
        "nul",
        "large",
        "long",
        "hollow",
        "commas",
        "wide",
        "cell",
        "columns",
        "kind",
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(BadList, match=reason):
        read(BLOCKS, content)


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_H10_no_cell_is_a_formula_for_a_spreadsheet(title: str) -> None:
    content = write(LISTS, [{"list": title, "account": "ana@far.example"}])
    [[cell, account]] = csv.reader(io.StringIO(content.decode()))
    assert cell[0] not in "=+-@\t\r"
    assert account == "ana@far.example"
    [(_, said)] = read(LISTS, content)
    assert said["list"] == title


def test_H10_commas_quotes_and_lines_stay_in_their_cell() -> None:
    rows = [
        {"list": 'A "b", c\nd', "account": "ana@far.example"},
        {"list": "Plain", "account": "bo@far.example"},
    ]
    assert [said for _, said in read(LISTS, write(LISTS, rows))] == rows


def test_what_is_written_is_what_mastodon_reads() -> None:
    follow = {"account": "a@b.example", "shares": True, "notify": False, "languages": ["de", "en"]}
    assert write(FOLLOWS, [follow]) == (
        b"Account address,Show boosts,Notify on new posts,Languages\n"
        b'a@b.example,true,false,"de, en"\n'
    )
    mute = {"account": "a@b.example", "notifications": True}
    assert write(MUTES, [mute]) == b"Account address,Hide notifications\na@b.example,true\n"
    assert write(SERVERS, [{"domain": "far.example"}]) == b"far.example\n"
    assert write(BLOCKS, [{"account": "a@b.example"}]) == b"a@b.example\n"
