// A group as in FEP-1b12: what it is handed it announces to its followers, whole and by id.
import { Activity, Announce, Create, Delete, Like, Question, Undo, Update } from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { add, BadCall, drop, PUBLIC } from "./store.mjs";

export const groupCommands = (actions) => ({
  /** Announces an activity that came (by its id), or this very document. */
  "/pass_on": async ({ as, activity, document }) => {
    const came = [...actions.store.received].reverse().find((entry) => entry.id === activity);
    const whole = document ?? came?.document ?? actions.store.sent.get(activity)?.document;
    if (whole == null) throw new BadCall(`${activity} did not come here`);
    return announce(actions, as, await Activity.fromJsonLd(whole, actions.context));
  },
  /** Announces a post alone, to followers only. */
  "/share_as_group": ({ as, object }) => announce(actions, as, new URL(object)),
});

async function announce(actions, as, object) {
  actions.local(as);
  const announced = new Announce({
    id: actions.activityId(), actor: actions.actorUri(as), object, tos: [new URL(PUBLIC)],
    ccs: [actions.followersUri(as)], published: Temporal.Now.instant(),
  });
  return actions.send(as, actions.store.acceptedFollowers(as), announced);
}

/** What a group that somebody here follows announces about a post; null if it is no such activity. */
export async function passedOn(ctx, announced, inner) {
  const { store } = ctx.data;
  if (!(inner instanceof Activity) || inner instanceof Question) return null;
  if (inner instanceof Create || inner instanceof Update) return null;
  const group = announced.actorId.href;
  if (![...store.following.values()].some((follow) => follow.target === group)) return "refused: no group of ours";
  const actor = inner.actorId?.href;
  if (inner instanceof Delete) {
    const post = store.posts.get(inner.objectId?.href);
    if (post == null) return "recorded: unknown post";
    // By its author; a moderator's takes it out of the group alone, which has no place of its own here.
    if (post.author === actor) store.erasePost(post.id);
    else post.via = null;
    return "applied: passed on";
  }
  if (inner instanceof Like) {
    const post = store.posts.get(inner.objectId?.href);
    if (post == null) return "recorded: unknown post";
    add(post.likes, actor);
    return "applied: passed on";
  }
  if (inner instanceof Undo) {
    const undone = await inner.getObject(ctx).catch(() => null);
    const post = store.posts.get(undone?.objectId?.href);
    if (post == null || !(undone instanceof Like)) return "recorded: nothing to undo";
    drop(post.likes, actor);
    return "applied: passed on";
  }
  return "recorded: passed on, without a meaning here";
}
