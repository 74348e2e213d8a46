// Fedify's objects → the plain JSON of the store. What is missing here is what Fedify did not understand.
import { Hashtag, isActor, Link, Mention, Question } from "@fedify/vocab";
import { LanguageString } from "@fedify/vocab-runtime";
import { visibilityOf } from "./store.mjs";

const href = (url) => url?.href ?? null;
const hrefs = (urls) => urls.map((url) => url.href);
const text = (value) => value?.toString() ?? null;

const languageOf = (values) =>
  values.find((value) => value instanceof LanguageString)?.locale.toString() ?? null;

async function collect(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

async function describeAttachment(item) {
  return {
    type: item.constructor.name,
    media_type: item.mediaType ?? null,
    url: item.url instanceof Link ? href(item.url.href) : href(item.url),
    name: text(item.name),
  };
}

async function describeOptions(question, options) {
  const read = async (option) => ({
    name: text(option.name),
    votes: (await option.getReplies(options))?.totalItems ?? null,
  });
  const choices = [
    ...(await collect(question.getExclusiveOptions(options))),
    ...(await collect(question.getInclusiveOptions(options))),
  ];
  return Promise.all(choices.map(read));
}

/** A Note, Question, Article … as the peer shows it; `options` carry the document loaders. */
export async function describePost(object, author, options) {
  const tags = await collect(object.getTags(options));
  const to = hrefs(object.toIds);
  const cc = hrefs(object.ccIds);
  const attachments = await collect(object.getAttachments(options));
  return {
    id: object.id.href,
    type: object.constructor.name,
    author: author.id,
    content: text(object.content),
    summary: text(object.summary),
    name: text(object.name),
    language: languageOf([...object.contents, ...object.names]),
    to,
    cc,
    audience: hrefs(object.audienceIds)[0] ?? null,
    visibility: visibilityOf(to, cc, author.followers),
    in_reply_to: href(object.replyTargetId),
    mentions: tags
      .filter((tag) => tag instanceof Mention)
      .map((tag) => ({ href: href(tag.href), name: text(tag.name) })),
    hashtags: tags.filter((tag) => tag instanceof Hashtag).map((tag) => text(tag.name)),
    attachments: await Promise.all(attachments.map(describeAttachment)),
    options: object instanceof Question ? await describeOptions(object, options) : [],
    voters: object.voters ?? null,
    end_time: text(object.endTime),
    closed: object.closed == null ? null : text(object.closed),
    quote: href(object.quoteId ?? object.quoteUrl),
    quote_authorization: href(object.quoteAuthorizationId),
    replies: href(object.repliesId),
    context: hrefs(object.contextIds)[0] ?? null,
    published: text(object.published),
    updated: text(object.updated),
  };
}

/** A remote actor as the peer knows it; null for what is not an actor. */
export function describePerson(actor) {
  if (!isActor(actor) || actor.id == null) return null;
  return {
    id: actor.id.href,
    type: actor.constructor.name,
    handle: text(actor.preferredUsername),
    name: text(actor.name),
    summary: text(actor.summary),
    inbox: href(actor.inboxId),
    shared_inbox: href(actor.endpoints?.sharedInbox),
    followers: href(actor.followersId),
    outbox: href(actor.outboxId),
    manually_approves: actor.manuallyApprovesFollowers ?? false,
    moved_to: href(actor.successorId),
    also_known_as: hrefs(actor.aliasIds),
    featured: href(actor.featuredId),
  };
}

/** What Fedify's sendActivity needs of an addressee. */
export const recipientOf = (person) => ({
  id: new URL(person.id),
  inboxId: new URL(person.inbox),
  endpoints: person.shared_inbox ? { sharedInbox: new URL(person.shared_inbox) } : null,
});
