"""The table of permissions: every action is in it, and the cells that matter most."""

import pytest

from domain.kinds import Role
from domain.permissions import Action, Grant, Standing, grants, may
from domain.roles import CommunityRole

STEWARD = Standing(Role.MEMBER, CommunityRole.STEWARD)
MEMBER = Standing(Role.MEMBER, CommunityRole.MEMBER)
EXTERNAL = Standing(None, CommunityRole.MEMBER)
GUEST = Standing(Role.GUEST, CommunityRole.MEMBER)
OUTSIDER = Standing(Role.MEMBER)
ADMIN, MODERATOR = Standing(Role.ADMIN), Standing(Role.MODERATOR)


@pytest.mark.parametrize("action", Action)
def test_every_action_is_decided_for_everybody(action: Action) -> None:
    for role in (None, *Role):
        for inside in (None, *CommunityRole):
            assert grants(action, Standing(role, inside)) <= set(Grant)


def test_nobody_sees_the_progress_of_others() -> None:
    for role in (None, *Role):
        for inside in (None, *CommunityRole):
            assert not may(Action.SEE_PROGRESS_OF_OTHERS, Standing(role, inside), list(Grant))


def test_admins_read_a_community_only_by_breaking_the_glass() -> None:
    assert not may(Action.READ, ADMIN)
    assert may(Action.READ, ADMIN, {Grant.BREAK_GLASS})
    assert not may(Action.READ, ADMIN, {Grant.REPORTED})
    assert not may(Action.READ, MODERATOR)
    assert may(Action.READ, MODERATOR, {Grant.REPORTED})


def test_outsiders_may_nothing_in_a_community() -> None:
    for action in (Action.READ, Action.POST, Action.SEE_MEMBERS, Action.MODERATE):
        assert not may(action, OUTSIDER, list(Grant))
    assert may(Action.READ, MEMBER)


def test_stewards_do_without_an_admin_what_members_may_not() -> None:
    for action in (
        Action.MANAGE_MEMBERS,
        Action.GIVE_ROLES,
        Action.MODERATE,
        Action.INVITE_OUTSIDER,
    ):
        assert may(action, STEWARD)
        assert not may(action, MEMBER)
        assert not may(action, EXTERNAL)
        assert not may(action, GUEST)
    assert may(Action.GIVE_ROLES, Standing(None, CommunityRole.STEWARD))
    assert not may(Action.GIVE_ROLES, ADMIN, list(Grant))


def test_network_wide_things_do_not_exist_for_guests_and_externals() -> None:
    for action in (Action.SEE_DIRECTORY, Action.START_COMMUNITY):
        assert may(action, OUTSIDER)
        assert may(action, ADMIN)
        assert not may(action, GUEST)
        assert not may(action, EXTERNAL)
        assert not may(action, Standing(Role.GUEST, CommunityRole.STEWARD))


def test_a_limit_is_needed_not_merely_known() -> None:
    assert not may(Action.INVITE, MEMBER)
    assert may(Action.INVITE, MEMBER, {Grant.CHARTER})
    assert not may(Action.EXPORT, ADMIN)
    assert may(Action.EXPORT, ADMIN, {Grant.TWO_PERSONS})
    assert may(Action.MODERATE, Standing(Role.MEMBER, CommunityRole.HOST), {Grant.OWN})
