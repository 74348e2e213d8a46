// Quotes by consent (FEP-044f) and reactions with an emoji (FEP-c0e0).
import { randomUUID } from "node:crypto";
import {
  Accept, Delete, EmojiReact, InteractionPolicy, InteractionRule, QuoteAuthorization, QuoteRequest,
  Reject,
} from "@fedify/vocab";
import { keepPost } from "./receive.mjs";
import { BadCall, drop, PUBLIC } from "./store.mjs";

/** What a post says of the post that it quotes, and of who may quote it. */
export function quotingOf({ quote, quote_authorization, can_quote }) {
  const approvals = can_quote === "public" ? [new URL(PUBLIC)] : [];
  const canQuote = new InteractionRule({ automaticApprovals: approvals });
  return {
    quote: quote && new URL(quote),
    quoteUrl: quote && new URL(quote),
    quoteAuthorization: quote_authorization && new URL(quote_authorization),
    interactionPolicy: can_quote && new InteractionPolicy({ canQuote }),
  };
}

const later = (store, where, run) =>
  setImmediate(() => run().catch((error) => store.fail(where, error)));

/** Somebody asks to quote a post here: the post's own policy answers. */
export async function quoteAsked(ctx, activity) {
  const { store, actions } = ctx.data;
  const post = store.posts.get(activity.objectId?.href);
  if (!post?.local || post.deleted) return "recorded: unknown post";
  const instrument = (await activity.getInstrument(ctx)) ?? null;
  if (instrument?.attributionId?.href !== activity.actorId.href) return "refused: not the author";
  await keepPost(ctx, instrument);
  const agreed = post.call.can_quote === "public";
  later(store, "answering a QuoteRequest", () => actions.answerQuote(post, activity, instrument.id, agreed));
  return agreed ? "applied" : "applied: refused by the policy";
}

/** The quoted author answered: the quote stands, and is sent again with its proof; or it does not. */
export async function quoteAnswered(ctx, activity, agreed) {
  const { store, actions } = ctx.data;
  const request = await activity.getObject(ctx).catch(() => null);
  const asked = activity.objectId?.href ?? request?.id?.href;
  const post = [...store.posts.values()].find((one) => one.quote_request === asked);
  if (asked == null || post == null) return null;
  if (store.posts.get(post.quote)?.author !== activity.actorId.href) return "refused: not the author";
  post.quote_state = agreed ? "accepted" : "rejected";
  const stamp = activity.resultId?.href;
  if (!agreed || stamp == null) return "applied";
  later(store, "sending a quote", () => actions.edit({ id: post.id, quote_authorization: stamp }));
  return "applied";
}

/** Adds what answers quotes to the actions. */
export const quoteAnswers = {
  async answerQuote(post, request, quoting, agreed) {
    const actor = this.actorUri(post.as);
    const asker = request.actorId.href;
    const values = { id: this.activityId(), actor, object: request, tos: [new URL(asker)] };
    if (!agreed) return this.send(post.as, [asker], new Reject(values), { shared: false });
    const id = this.context.getObjectUri(QuoteAuthorization, { id: randomUUID() });
    const stamp = new QuoteAuthorization({
      id, attribution: actor, interactingObject: quoting, interactionTarget: new URL(post.id),
    });
    this.store.stamps.set(id.href, await stamp.toJsonLd(this.context));
    return this.send(post.as, [asker], new Accept({ ...values, result: id }), { shared: false });
  },
};

export const quoteCommands = (actions) => ({
  /** Writes a post that quotes, and asks the quoted author. */
  "/quote": async ({ as, object, ...call }) => {
    const { author } = await actions.post(as, object);
    const sent = await actions.write({ as, ...call, quote: object });
    const post = actions.ownPost(sent.id);
    const activity = new QuoteRequest({
      id: actions.activityId(), actor: actions.actorUri(as), object: new URL(object),
      instrument: new URL(post.id), tos: [new URL(author)],
    });
    Object.assign(post, { quote_request: activity.id.href, quote_state: "pending" });
    const asked = await actions.send(as, [author], activity, { shared: false });
    return { ...sent, request: asked.activity };
  },
  /** Takes back every consent to quote a post of ours. */
  "/revoke_quotes": async ({ id, to }) => {
    const post = actions.ownPost(id);
    const found = [...actions.store.stamps].filter(([, stamp]) => stamp.interactionTarget === id);
    if (found.length === 0) throw new BadCall(`nobody may quote ${id}`);
    let sent = null;
    for (const [stamp] of found) {
      actions.store.stamps.delete(stamp);
      const activity = new Delete({
        id: actions.activityId(), actor: actions.actorUri(post.as), object: new URL(stamp),
        tos: to.map((one) => new URL(one)),
      });
      sent = await actions.send(post.as, to, activity);
    }
    return sent;
  },
  "/react": async ({ as, object, emoji }) => {
    const { author } = await actions.post(as, object);
    const activity = new EmojiReact({
      id: actions.activityId(), actor: actions.actorUri(as), object: new URL(object), content: emoji,
      tos: [new URL(author)],
    });
    return actions.react(as, object, activity, [author], "likes");
  },
  "/unreact": (call) => actions.undo(call, "likes"),
});

/** An EmojiReact of somebody else's: shown beside the likes. */
export function reacted(ctx, activity) {
  const { store } = ctx.data;
  const post = store.posts.get(activity.objectId?.href);
  if (post == null) return "recorded: unknown post";
  const actor = activity.actorId.href;
  post.reactions = post.reactions.filter((one) => one.actor !== actor);
  post.reactions.push({ actor, emoji: activity.content?.toString() ?? null });
  if (activity.id) store.reactions.set(activity.id.href, { actor, object: post.id, list: "reactions" });
  return "applied";
}

export async function unreacted(ctx, activity) {
  const { store } = ctx.data;
  const known = store.reactions.get(activity.objectId?.href);
  const inner = known ? null : await activity.getObject(ctx);
  const object = known?.list === "reactions" ? known.object : inner instanceof EmojiReact ? inner.objectId?.href : null;
  const post = store.posts.get(object);
  const mine = post?.reactions.find((one) => one.actor === activity.actorId.href);
  if (mine != null) drop(post.reactions, mine);
  return mine != null;
}

