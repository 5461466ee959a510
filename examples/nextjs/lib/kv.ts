/** What the sync left in KV. Slugs have no slash at either end; `KV_PREFIX` is the sync's own. */
import { Redis } from "@upstash/redis";
import type { Block, Database, Index, Meta, Page, Part, Redirects } from "../../../schema/notion-kv";

export type { Block, Database, Meta, PropertyValue } from "../../../schema/notion-kv";
export type Bundle = { meta: Meta; blocks: Block[]; syncedAt: string };
export type Moved = { movedTo: string };

const PREFIX = process.env.KV_PREFIX ?? "";

let connection: Redis | undefined;

function kv(): Redis {
  connection ??= new Redis({
    url: process.env.KV_REST_API_URL,
    token: process.env.KV_REST_API_READ_ONLY_TOKEN ?? process.env.KV_REST_API_TOKEN,
  });
  return connection;
}

/** A page with all its blocks, or where it is found now, or null. */
export async function getPage(slug: string): Promise<Bundle | Moved | null> {
  const key = `${PREFIX}page:${slug}`;
  const found = await whole<Page, Part>(key, (page) =>
    "parts" in page ? numbers(1, page.parts).map((number) => `${key}:part:${number}`) : [],
  );
  if (found) {
    const [page, parts] = found;
    const blocks = "parts" in page ? parts.flatMap((part) => part.blocks) : page.blocks;
    return { meta: page.meta, blocks, syncedAt: page.syncedAt };
  }
  const redirects = (await kv().get<Redirects>(`${PREFIX}redirects`)) ?? {};
  return Object.hasOwn(redirects, slug) ? { movedTo: redirects[slug] } : null;
}

/** All rows of a source in their order; none while it has not been synced. */
export async function getIndex(source: string): Promise<Meta[]> {
  const key = `${PREFIX}${source}:index`;
  const found = await whole<Index, Index>(key, (index) =>
    numbers(2, index.pages ?? 1).map((number) => `${key}:${number}`),
  );
  return found ? [found[0], ...found[1]].flatMap((index) => index.items) : [];
}

/** A database that stands inside a page, by the id of its `child_database` block. */
export async function getDatabase(id: string): Promise<Database | null> {
  return kv().get<Database>(`${PREFIX}db:${id}`);
}

/**
 * A value and those that continue it. They are read in one command: a sync may replace them all at once between two.
 */
async function whole<Head extends Page | Index, Rest extends Part | Index>(
  key: string,
  continuation: (head: Head) => string[],
): Promise<[Head, Rest[]] | null> {
  let head = await kv().get<Head>(key);
  let rest: Rest[] = [];
  for (;;) {
    if (head === null) return null;
    const keys = continuation(head);
    if (keys.length === rest.length) return [head, rest];
    [head, ...rest] = await kv().mget<[Head | null, ...Rest[]]>(key, ...keys);
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
