// Polls: asking, voting, counting. Votes come as in Mastodon: a Note with a `name` and nothing to read.
import { randomUUID } from "node:crypto";
import { Collection, Create, Note } from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";
import { add } from "./store.mjs";

/** What a Question says beside its words; `known` holds the ballots that were cast so far. */
export function choicesOf({ options, multiple, end_time, closed }, known) {
  if (!options) return {};
  const ballots = known?.ballots ?? {};
  const voters = new Set(Object.values(ballots).flat());
  const choices = options.map(
    (name) =>
      new Note({ name, replies: new Collection({ totalItems: (ballots[name] ?? []).length }) }),
  );
  return {
    [multiple ? "inclusiveOptions" : "exclusiveOptions"]: choices,
    endTime: end_time && Temporal.Instant.from(end_time),
    closed: closed && Temporal.Instant.from(closed),
    voters: voters.size,
  };
}

/** Counts a vote once: one choice for each person, or one of each where several may be chosen. */
export function castBallot(store, note, actor) {
  const post = store.posts.get(note.replyTargetId?.href);
  if (!post?.local || !post.call?.options || note.name == null || note.content != null) return null;
  const name = note.name.toString();
  if (!post.call.options.includes(name)) return "refused: no such choice";
  const before = post.call.multiple ? (post.ballots[name] ?? []) : Object.values(post.ballots).flat();
  if (before.includes(actor)) return "refused: voted already";
  add((post.ballots[name] ??= []), actor);
  return "applied: a vote";
}

export const pollCommands = (actions) => ({
  /** Votes, one Create for each choice. */
  "/vote": async ({ as, object, choices }) => {
    const { author } = await actions.post(as, object);
    const documents = [];
    for (const name of choices) {
      const note = new Note({
        id: new URL(`${actions.actorUri(as).href}#votes/${randomUUID()}`),
        attribution: actions.actorUri(as), name, replyTarget: new URL(object), tos: [new URL(author)],
      });
      const activity = new Create({
        id: actions.activityId(), actor: actions.actorUri(as), object: note, tos: note.toIds,
      });
      documents.push((await actions.send(as, [author], activity, { shared: false })).document);
    }
    return { id: object, document: documents.at(-1), documents };
  },
  /** Update with the figures as they stand: no edit, so no newer `updated`. */
  "/tally": ({ id }) => actions.sendChanged(id, {}, null),
});
