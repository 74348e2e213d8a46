// What a verified activity does to the peer. Each returns what happened, in words, for the record.
import {
  Accept, Activity, Add, Announce, Block, Create, Delete, EmojiReact, Flag, Follow, isActor, Like, Move,
  Question, QuoteRequest, Reject, Remove, Undo, Update,
} from "@fedify/vocab";
import { describePerson, describePost } from "./describe.mjs";
import { passedOn } from "./groups.mjs";
import { blocked, flagged, moved, pinned, unblocked } from "./people.mjs";
import { castBallot } from "./polls.mjs";
import { quoteAnswered, quoteAsked, reacted, unreacted } from "./quotes.mjs";
import { add, drop, pair } from "./store.mjs";

/** The remote actor with this id, fetched as whoever `ctx` loads documents for, unless known. */
export async function personOf(ctx, id, { fresh = false } = {}) {
  const store = ctx.data.store;
  if (store.people.has(id) && !fresh) return store.people.get(id);
  const person = describePerson(await ctx.lookupObject(id));
  if (person == null) throw new Error(`no actor at ${id}`);
  store.people.set(person.id, person);
  return person;
}

/** Stores a fetched or embedded post under its own author. */
export async function keepPost(ctx, object, extra = {}) {
  const author = await personOf(ctx, object.attributionId.href);
  return ctx.data.store.putPost({ ...(await describePost(object, author, ctx)), ...extra });
}

const isPost = (object) =>
  object?.id != null &&
  object.attributionId != null &&
  (object instanceof Question || !(object instanceof Activity));

async function create(ctx, activity) {
  const object = await activity.getObject(ctx);
  if (!isPost(object)) return "recorded: not a post";
  if (object.attributionId.href !== activity.actorId.href) return "refused: not the author";
  if (ctx.data.store.posts.get(object.id.href)?.deleted) return "refused: already deleted";
  const vote = castBallot(ctx.data.store, object, activity.actorId.href);
  if (vote != null) return vote;
  await keepPost(ctx, object);
  return "applied";
}

async function update(ctx, activity) {
  const object = await activity.getObject(ctx);
  if (isActor(object)) {
    if (object.id.href !== activity.actorId.href) return "refused: not that actor";
    ctx.data.store.people.set(object.id.href, describePerson(object));
    return "applied";
  }
  if (!isPost(object)) return "recorded: not a post";
  const known = ctx.data.store.posts.get(object.id.href);
  if (known == null || known.deleted) return "recorded: unknown post";
  const author = object.attributionId.href;
  if (author !== activity.actorId.href || author !== known.author) return "refused: not the author";
  await keepPost(ctx, object);
  return "applied";
}

function forget(store, actor) {
  for (const post of store.posts.values()) if (post.author === actor) store.erasePost(post.id);
  for (const [key, follow] of store.following) if (follow.target === actor) store.following.delete(key);
  for (const [key, follow] of store.followers) if (follow.actor === actor) store.followers.delete(key);
  store.people.delete(actor);
  return "applied";
}

async function remove(ctx, activity) {
  const { store } = ctx.data;
  const id = activity.objectId?.href ?? (await activity.getObject(ctx))?.id?.href;
  if (id === activity.actorId.href) return forget(store, id);
  const known = store.posts.get(id);
  if (known == null) return "recorded: unknown post";
  if (known.author !== activity.actorId.href) return "refused: not the author";
  store.erasePost(id);
  return "applied";
}

async function follow(ctx, activity) {
  const target = ctx.parseUri(activity.objectId);
  const local = target?.type === "actor" ? ctx.data.store.actors.get(target.identifier) : null;
  if (local == null) return "refused: nobody here";
  const actor = activity.actorId.href;
  await personOf(ctx, actor);
  const key = pair(local.identifier, actor);
  const accepted = local.accept === "auto" || ctx.data.store.followers.get(key)?.state === "accepted";
  const state = accepted ? "accepted" : "pending";
  ctx.data.store.followers.set(key, { as: local.identifier, actor, state, id: activity.id?.href ?? null });
  if (accepted) ctx.data.actions.answerFollow(local.identifier, actor);
  return "applied";
}

/** Accept and Reject name our Follow (or QuoteRequest) by its id or carry it whole. */
async function answer(ctx, activity, state) {
  const quote = await quoteAnswered(ctx, activity, state === "accepted");
  if (quote != null) return quote;
  const asked = [...ctx.data.store.following.values()].filter(
    (follow) => follow.target === activity.actorId.href,
  );
  let found = asked.find((follow) => follow.id === activity.objectId?.href);
  if (found == null) {
    const inner = await activity.getObject(ctx).catch(() => null);
    const actor = inner instanceof Follow ? inner.actorId?.href : null;
    found = asked.find((follow) => ctx.getActorUri(follow.as).href === actor);
  }
  if (found == null) return "recorded: no such follow";
  found.state = state;
  return "applied";
}

async function like(ctx, activity) {
  const { store } = ctx.data;
  const post = store.posts.get(activity.objectId?.href);
  if (post == null) return "recorded: unknown post";
  add(post.likes, activity.actorId.href);
  const reaction = { actor: activity.actorId.href, object: post.id, list: "likes" };
  if (activity.id) store.reactions.set(activity.id.href, reaction);
  return "applied";
}

/** A share of a post, or of an activity about one (FEP-1b12): the post is fetched from its origin. */
async function announce(ctx, activity) {
  const { store } = ctx.data;
  // An activity inside that its own server does not give out is nothing that could be believed.
  const known = store.posts.has(activity.objectId?.href);
  let object = known ? null : await activity.getObject(ctx).catch(() => null);
  const passed = await passedOn(ctx, activity, object);
  if (passed != null) return passed;
  if (object instanceof Create || object instanceof Update) object = await object.getObject(ctx);
  if (object != null && !isPost(object)) return "recorded: not a post";
  if (object != null) await keepPost(ctx, object, { via: activity.actorId.href });
  const post = store.posts.get(object?.id.href ?? activity.objectId?.href);
  if (post == null) return "recorded: no such post";
  add(post.shares, activity.actorId.href);
  const reaction = { actor: activity.actorId.href, object: post.id, list: "shares" };
  if (activity.id) store.reactions.set(activity.id.href, reaction);
  return "applied";
}

/** The reaction that an Undo means: by the id of what is undone, else by what it carries. */
async function reactionOf(ctx, activity) {
  const known = ctx.data.store.reactions.get(activity.objectId?.href);
  if (known != null) return known;
  const inner = await activity.getObject(ctx);
  const list = inner instanceof Like ? "likes" : inner instanceof Announce ? "shares" : null;
  if (list == null) return null;
  return { actor: inner.actorId?.href, object: inner.objectId?.href, list };
}

async function undoFollow(ctx, activity) {
  const { followers } = ctx.data.store;
  const inner = [...followers.values()].some((known) => known.id === activity.objectId?.href)
    ? null
    : await activity.getObject(ctx).catch(() => null);
  const target = inner instanceof Follow ? ctx.parseUri(inner.objectId)?.identifier : null;
  for (const [key, known] of followers) {
    const same = known.id === activity.objectId?.href || known.as === target;
    if (same && known.actor === activity.actorId.href) return followers.delete(key);
  }
  return false;
}

async function undo(ctx, activity) {
  for (const undone of [undoFollow, unblocked, unreacted]) {
    if (await undone(ctx, activity)) return "applied";
  }
  const reaction = await reactionOf(ctx, activity);
  const post = ctx.data.store.posts.get(reaction?.object);
  if (post == null) return "recorded: nothing to undo";
  if (reaction.actor !== activity.actorId.href) return "refused: not that actor's";
  drop(post[reaction.list], reaction.actor);
  return "applied";
}

const HANDLERS = [
  [Create, create],
  [Update, update],
  [Delete, remove],
  [Follow, follow],
  [Accept, (ctx, activity) => answer(ctx, activity, "accepted")],
  [Reject, (ctx, activity) => answer(ctx, activity, "rejected")],
  [Like, like],
  [EmojiReact, reacted],
  [Announce, announce],
  [Undo, undo],
  [Block, blocked],
  [Flag, flagged],
  [Move, moved],
  [Add, (ctx, activity) => pinned(ctx, activity, true)],
  [Remove, (ctx, activity) => pinned(ctx, activity, false)],
  [QuoteRequest, quoteAsked],
];

/** Applies one activity that Fedify has verified. */
export async function receive(ctx, activity) {
  const found = HANDLERS.find(([type]) => activity instanceof type);
  return found ? found[1](ctx, activity) : "recorded: type without a handler";
}
