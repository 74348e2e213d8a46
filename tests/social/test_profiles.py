"""How people present themselves (Z04), and what other servers are told of it."""

import msgspec
import pytest

from domain.errors import Invalid, NotFound
from domain.ids import HERE
from domain.kinds import Role
from social import profiles
from social.profiles import ProfileChange
from storage.queries import actors
from storage.tx import Tx
from tests.social.people import create
from tests.support.factories import NODE, add_remote


def change(tx: Tx, actor: int, **values: object) -> None:
    profiles.update_profile(
        tx,
        node=NODE,
        actor_id=actor,
        change=ProfileChange(**values),  # type: ignore[arg-type]
    )


def test_Z04_a_profile_change_has_no_place_for_anything_else() -> None:
    allowed = {field.name for field in msgspec.structs.fields(ProfileChange)}
    assert not allowed & {"role", "is_admin", "state", "created_at", "domain", "handle", "id"}
    with pytest.raises(TypeError):
        ProfileChange(role=Role.ADMIN)  # type: ignore[call-arg]


def test_Z04_a_profile_changes_only_its_own_row(tx: Tx) -> None:
    ana, bo = create(tx), create(tx, "bo", "bo@mail.example")
    before = actors.by_id(tx, bo)
    change(tx, ana, name="Ana <b>M</b>", bio="hi <script>x</script>\n\nhttps://x.example/@zoe")
    after = actors.by_id(tx, ana)
    assert after is not None
    assert after.name == "Ana <b>M</b>"
    assert "<script>" not in after.summary
    assert '<a href="https://x.example/@zoe"' in after.summary
    assert after.summary_source == "hi <script>x</script>\n\nhttps://x.example/@zoe"
    assert (after.handle, after.domain, after.origin_id) == ("ana", "here.example", HERE)
    assert actors.by_id(tx, bo) == before


def test_a_profile_keeps_what_is_not_changed(tx: Tx) -> None:
    ana = create(tx)
    change(tx, ana, bio="words", fields=[("Team", "Welding"), ("", "dropped")], locked=True)
    first = actors.by_id(tx, ana)
    change(tx, ana, default_visibility="private", default_language="de")
    assert actors.by_id(tx, ana) == first
    assert first is not None
    assert first.fields == b'[["Team","Welding"]]'
    assert first.locked
    assert profiles.defaults(tx, ana) == profiles.Defaults("private", False, "de")


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x" * 61},
        {"bio": "x" * 1001},
        {"fields": [("a", "b")] * 5},
        {"fields": [("a", "x" * 256)]},
        {"default_visibility": "everybody"},
        {"default_language": "x" * 40},
    ],
)
def test_a_profile_that_is_too_much_is_refused(tx: Tx, values: dict[str, object]) -> None:
    ana = create(tx)
    with pytest.raises(Invalid):
        change(tx, ana, **values)


def test_a_profile_of_somebody_elsewhere_is_not_changed_here(tx: Tx) -> None:
    zoe = add_remote(tx, "zoe")
    with pytest.raises(NotFound):
        change(tx, zoe, name="Zoe")
