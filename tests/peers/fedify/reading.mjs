// Reading what other servers serve, with Fedify's own lookup and traversal.
import { parseNodeInfo } from "@fedify/fedify";
import { Collection, Object as AnyObject } from "@fedify/vocab";
import { BadCall } from "./store.mjs";

const shown = (item) => ({ id: item.id?.href ?? null, type: item.constructor.name });

export const readingCommands = (actions) => ({
  /** The items of a collection as an actor (or nobody) gets them, page by page. */
  "/traverse": async ({ as, url, limit = 100 }) => {
    const reader = as == null ? anybody(actions) : await actions.reader(as);
    const found = await reader.lookupObject(url);
    if (!(found instanceof Collection)) throw new BadCall(`no collection at ${url} for ${as ?? "anybody"}`);
    const items = [];
    for await (const item of reader.traverseCollection(found)) {
      items.push(shown(item));
      if (items.length >= limit) break;
    }
    return { type: found.constructor.name, total: found.totalItems, items };
  },
  "/lookup": async ({ as, url }) => {
    const reader = as == null ? anybody(actions) : await actions.reader(as);
    const found = await reader.lookupObject(url);
    return { found: found instanceof AnyObject ? shown(found) : null };
  },
  // Fedify's own lookup goes to public addresses alone; its strict reader is what counts.
  "/nodeinfo": async ({ url }) => {
    const { links } = await (await fetch(new URL("/.well-known/nodeinfo", url))).json();
    const found = links.find(({ rel }) => rel.startsWith("http://nodeinfo.diaspora.software/"));
    return { nodeinfo: parseNodeInfo(await (await fetch(found.href)).json()) };
  },
  "/webfinger": async ({ resource }) => ({ jrd: await actions.context.lookupWebFinger(resource) }),
});

function anybody({ context }) {
  return {
    lookupObject: (id) => context.lookupObject(id),
    traverseCollection: (found) => context.traverseCollection(found),
  };
}
