// What people do about each other and about themselves: block, report, move, pin, leave.
import { Add, Block, Delete, Flag, Move, Remove, Undo, Update } from "@fedify/vocab";
import { actorDocument, keyPairsOf } from "./federation.mjs";
import { personOf } from "./receive.mjs";
import { add, BadCall, drop, pair, PUBLIC } from "./store.mjs";

/** The activity of a Block that stands, so that its Undo carries it. */
const standing = new Map();

function endFollows(store, as, person) {
  store.following.delete(pair(as, person));
  store.followers.delete(pair(as, person));
}

export const peopleCommands = (actions) => ({
  /** A new local actor: Person, Group, Service or Application. */
  "/actor": async ({ as, type = "Person", name, summary, accept }) => {
    if (actions.store.actors.has(as)) throw new BadCall(`${as} is here already`);
    const actor = actions.store.addActor(as, type);
    Object.assign(actor, { name: name ?? as, summary: summary ?? "", accept: accept ?? "auto" });
    await keyPairsOf(as);
    return actor;
  },
  "/block": async ({ as, target }) => {
    actions.local(as);
    endFollows(actions.store, as, target);
    actions.store.blocks.add(pair(actions.actorUri(as).href, target));
    const activity = new Block({
      id: actions.activityId(), actor: actions.actorUri(as), object: new URL(target),
      tos: [new URL(target)],
    });
    standing.set(pair(as, target), activity);
    return actions.send(as, [target], activity, { shared: false });
  },
  "/unblock": async ({ as, target }) => {
    const object = standing.get(pair(as, target));
    if (object == null) throw new BadCall(`${as} does not block ${target}`);
    actions.store.blocks.delete(pair(actions.actorUri(as).href, target));
    const activity = new Undo({
      id: actions.activityId(), actor: actions.actorUri(as), object, tos: [new URL(target)],
    });
    return actions.send(as, [target], activity, { shared: false });
  },
  /** Loses a follower without telling anybody. */
  "/forget_follower": ({ as, actor }) => {
    if (!actions.store.followers.delete(pair(as, actor))) throw new BadCall(`${actor} does not follow`);
    return {};
  },
  /** Reports somebody, with posts. */
  "/flag": ({ as, target, posts = [], content }) => {
    const activity = new Flag({
      id: actions.activityId(), actor: actions.actorUri(as), content,
      objects: [target, ...posts].map((id) => new URL(id)), tos: [new URL(target)],
    });
    return actions.send(as, [target], activity);
  },
  /** Says that a local actor is also somebody else, which a Move to it needs. */
  "/alias": ({ as, also_known_as }) => Object.assign(actions.local(as), { also_known_as }),
  "/move": async ({ as, target }) => {
    const actor = actions.local(as);
    actor.moved_to = target;
    const followers = actions.store.acceptedFollowers(as);
    const us = actions.actorUri(as);
    const update = new Update({
      id: actions.activityId(), actor: us, tos: [new URL(PUBLIC)],
      object: await actorDocument(actions.context, actor),
    });
    await actions.send(as, followers, update);
    const activity = new Move({
      id: actions.activityId(), actor: us, object: us, target: new URL(target),
      tos: [actions.followersUri(as)],
    });
    return actions.send(as, followers, activity);
  },
  "/pin": ({ id }) => changePins(actions, id, Add, add),
  "/unpin": ({ id }) => changePins(actions, id, Remove, drop),
  /** The actor goes for good: Delete of itself to whom it knows, then 410. */
  "/delete_actor": async ({ as, tell = [] }) => {
    actions.local(as);
    const us = actions.actorUri(as);
    const activity = new Delete({
      id: actions.activityId(), actor: us, object: us, tos: [new URL(PUBLIC)],
    });
    const people = [...actions.store.acceptedFollowers(as), ...tell];
    const sent = await actions.send(as, people, activity);
    actions.store.gone.add(us.href);
    for (const post of actions.store.posts.values()) if (post.as === as) actions.store.erasePost(post.id);
    return sent;
  },
});

async function changePins(actions, id, Kind, change) {
  const { as } = actions.ownPost(id);
  change(actions.local(as).pins, id);
  const activity = new Kind({
    id: actions.activityId(), actor: actions.actorUri(as), object: new URL(id),
    target: actions.context.getFeaturedUri(as), tos: [new URL(PUBLIC)],
  });
  return actions.send(as, actions.store.acceptedFollowers(as), activity);
}

export function blocked(ctx, activity) {
  const { store } = ctx.data;
  const target = ctx.parseUri(activity.objectId);
  if (target?.type !== "actor") return "recorded: nobody here";
  endFollows(store, target.identifier, activity.actorId.href);
  store.blocks.add(pair(activity.actorId.href, activity.objectId.href));
  return "applied";
}

/** Whether an Undo was of a Block. */
export async function unblocked(ctx, activity) {
  const inner = await activity.getObject(ctx).catch(() => null);
  if (!(inner instanceof Block)) return false;
  return ctx.data.store.blocks.delete(pair(activity.actorId.href, inner.objectId?.href));
}

export function flagged(ctx, activity) {
  const { store } = ctx.data;
  store.flags.push({
    actor: activity.actorId.href,
    objects: activity.objectIds.map((id) => id.href),
    content: activity.content?.toString() ?? null,
  });
  return "applied";
}

/** Somebody moved: believed if the new actor names the old one; followers here go along. */
export async function moved(ctx, activity) {
  const { store, actions } = ctx.data;
  const [old, next] = [activity.actorId.href, activity.targetId?.href];
  if (activity.objectId?.href !== old || next == null) return "refused: not that actor";
  const followers = [...store.following.values()].filter((follow) => follow.target === old);
  const person = await personOf(await actions.reader(followers[0]?.as ?? "fern"), next, { fresh: true });
  if (!person.also_known_as.includes(old)) return "refused: not known as the old one there";
  for (const { as } of followers) {
    setImmediate(() =>
      Promise.all([actions.follow({ as, target: next }), actions.unfollow({ as, target: old })]).catch(
        (error) => store.fail("following somebody who moved", error),
      ),
    );
  }
  return "applied";
}

/** What owners pin: told by Add and Remove with their `featured` as target. */
export async function pinned(ctx, activity, isPinned) {
  const { store } = ctx.data;
  const person = await personOf(ctx, activity.actorId.href);
  if (person.featured == null || person.featured !== activity.targetId?.href) return "refused: not theirs";
  (isPinned ? add : drop)((person.pins ??= []), activity.objectId?.href);
  store.people.set(person.id, person);
  return "applied";
}
