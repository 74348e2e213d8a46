// The tests' handle on the peer: JSON over loopback, on a port of its own, never signed.
import { groupCommands } from "./groups.mjs";
import { deliveries } from "./loopback.mjs";
import { peopleCommands } from "./people.mjs";
import { pollCommands } from "./polls.mjs";
import { quoteCommands } from "./quotes.mjs";
import { readingCommands } from "./reading.mjs";
import { BadCall } from "./store.mjs";

const shown = ({ call, document, quote_request, ...post }) => post;
const since = (log, query) => {
  const after = Number(query.get("since") ?? 0);
  return log.filter((entry) => entry.seq > after);
};

function queries({ store, origin, actions }) {
  const actorOf = (actor) => ({ ...actor, id: actions.actorUri(actor.identifier).href });
  return {
    "/": () => ({ origin, knock: actions.knock }),
    "/actors": () => [...store.actors.values()].map(actorOf),
    "/people": () => [...store.people.values()],
    "/posts": () => [...store.posts.values()].map(shown),
    "/follows": () => ({
      following: [...store.following.values()], followers: [...store.followers.values()],
    }),
    "/received": (query) =>
      since(store.received, query).filter(
        (entry) => !query.has("type") || entry.type === query.get("type"),
      ),
    "/requests": (query) => since(store.requests, query),
    "/outgoing": (query) => since(store.outgoing, query),
    "/blocks": () => [...store.blocks].map((one) => one.split(" ")),
    "/flags": () => store.flags,
    "/errors": () => store.errors,
  };
}

const commands = (actions) => ({
  "/follow": (call) => actions.follow(call),
  "/unfollow": (call) => actions.unfollow(call),
  "/accept": (call) => actions.accept(call),
  "/reject": (call) => actions.reject(call),
  "/mode": (call) => actions.setAccept(call),
  "/post": (call) => actions.write(call),
  "/edit": (call) => actions.edit(call),
  "/delete": (call) => actions.delete(call),
  "/like": (call) => actions.like(call),
  "/unlike": (call) => actions.undo(call, "likes"),
  "/announce": (call) => actions.announce(call),
  "/unannounce": (call) => actions.undo(call, "shares"),
  "/update_actor": (call) => actions.updateActor(call),
  "/fetch": (call) => actions.fetch(call),
  "/deliver": (call) => actions.deliver(call),
  "/verify": (call) => actions.verify(call),
  ...pollCommands(actions),
  ...quoteCommands(actions),
  ...peopleCommands(actions),
  ...groupCommands(actions),
  ...readingCommands(actions),
});

async function bodyOf(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}");
}

/** Runs a command and tells every POST it sent; 502 if one could not be delivered. */
async function command(run, call) {
  const sent = [];
  const posts = () => sent.filter((entry) => entry.method === "POST");
  try {
    const result = await deliveries.run(sent, () => run(call));
    return [200, { ...result, deliveries: posts() }];
  } catch (error) {
    const status = error instanceof BadCall ? 400 : 502;
    return [status, { error: String(error.stack ?? error), deliveries: posts() }];
  }
}

/** The handler of the control port. */
export function controlHandler(peer) {
  const reads = queries(peer);
  const writes = commands(peer.actions);
  return async (req, res) => {
    const url = new URL(req.url, "http://control");
    let answer = [404, { error: `no control route ${req.method} ${url.pathname}` }];
    if (req.method === "GET" && url.pathname in reads) {
      answer = [200, reads[url.pathname](url.searchParams)];
    } else if (req.method === "POST" && url.pathname in writes) {
      answer = await command(writes[url.pathname], await bodyOf(req));
    }
    res.writeHead(answer[0], { "content-type": "application/json" });
    res.end(JSON.stringify(answer[1]));
  };
}
