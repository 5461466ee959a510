/** What the sync left in KV. Slugs have no slash at either end; `KV_PREFIX` is the sync's own. */
import { Redis } from "@upstash/redis";
import { at, numberAt, isObject, listAt, objectsAt, textAt, type Json } from "./json";
import { idsOf, pagesIn } from "./links";

/** A block as Notion gives it, what belongs to its `type` under that name; `children` to any depth. */
export type Block = { id: string; type?: string; children?: Block[]; unavailable?: string; [payload: string]: unknown };
export type PageLink = { id: string; slug: string; title: string };
export type Meta = {
  id: string;
  slug: string;
  title: string;
  source: string;
  visibility: string;
  lastEdited: string;
  createdTime: string;
  icon: string | null;
  cover: string | null;
  url: string | null;
  properties: Json;
  childPages: PageLink[];
  parent: string | null;
};
/** `links` are the pages to which links of this one may lead: the published ones, and itself. */
export type Page = { meta: Meta; links: PageLink[]; blocks: Block[]; syncedAt: string };
export type Moved = { movedTo: string };
export type Database = {
  id: string;
  title: string;
  visibility?: string;
  properties: Json;
  items: { id: string; lastEdited: string; icon: string | null; cover: string | null; properties: Json }[];
  syncedAt: string;
};
/** A page as text. Links to pages are `page:<id>` in its Markdown. */
export type Doc = {
  id: string;
  slug: string;
  title: string;
  visibility: string;
  date: string | null;
  tags: string[];
  excerpt: string;
  outline: { level: number; text: string; id: string }[];
  words: number;
  text: string;
  markdown: string;
  truncated?: boolean;
  syncedAt: string;
};

const PREFIX = process.env.KV_PREFIX ?? "";
const READS_AT_ONCE = 4;
const ATTEMPTS = 5;

let connection: Redis | undefined;

function kv(): Redis {
  connection ??= new Redis({
    url: process.env.KV_REST_API_URL,
    token: process.env.KV_REST_API_READ_ONLY_TOKEN ?? process.env.KV_REST_API_TOKEN,
    // An answer may have 10 MB, a value nearly as many: each travels alone, and not in base64, which would add a third.
    enableAutoPipelining: false,
    responseEncoding: false,
    automaticDeserialization: false, // it would take the slug "123" for a number
  });
  return connection;
}

/** A page with all its blocks, or where it is found now, or null. */
export async function getPage(slug: string): Promise<Page | Moved | null> {
  return (await readPage(`page:${slug}`)) ?? findMoved(slug);
}

/**
 * A page as it is to become: a draft, what is new of a paused page, or else what is published. Of the pages to which it
 * leads those that have a preview are found below `/preview`.
 */
export async function getPreview(slug: string): Promise<Page | null> {
  const draft = slug === "paths" ? null : await readPage(`preview:${slug}`, true);
  return draft ?? readPage(`page:${slug}`, true);
}

async function readPage(key: string, isPreview = false): Promise<Page | null> {
  const whole = await readWhole(key, "digest", (head) =>
    numbers(1, numberAt(head, "parts") ?? 0).map((number) => `${key}:part:${number}`),
  );
  if (!whole) return null;
  const [head, ...parts] = whole;
  if (!isObject(head.meta)) return null; // no page: `home:part:1` is no slug, yet leads to a key
  const blocks = parts.length ? joinParts(parts) : listAt(head, "blocks");
  return { meta: head.meta, links: await linksOf(head, blocks, isPreview), blocks, syncedAt: head.syncedAt } as Page;
}

/** A page as text; null where there is none, or the sync keeps none (SYNC_DOCS=off). */
export async function getDoc(slug: string): Promise<Doc | null> {
  return (await read(`doc:${slug}`)) as Doc | null;
}

/** Several pages as text; those that are not there are left out. */
export async function getDocs(slugs: string[]): Promise<Doc[]> {
  const docs = await readSeveral(slugs.map((slug) => `doc:${slug}`));
  return docs.filter((doc) => doc !== null) as Doc[];
}

/** The slugs of pages by their ids, of those that are published, in one command. */
export const getSlugs = (ids: string[]) => readSlugs("paths", ids);

/** The same of drafts too, whose slugs lead below `/preview`. */
async function getPreviewSlugs(ids: string[]): Promise<Map<string, string>> {
  const [published, drafts] = await Promise.all([getSlugs(ids), readSlugs("preview:paths", ids)]);
  return new Map([...published, ...[...drafts].map(([id, slug]): [string, string] => [id, `preview/${slug}`])]);
}

async function readSlugs(key: string, ids: string[]): Promise<Map<string, string>> {
  if (!ids.length) return new Map();
  const found = (await kv().hmget(PREFIX + key, ...ids)) as unknown as (string | null)[];
  return new Map(ids.flatMap((id, at): [string, string][] => (found[at] == null ? [] : [[id, found[at]]])));
}

/** The slugs of the pages to which links of a page's Markdown lead. */
export async function getSlugsIn(doc: Doc): Promise<Map<string, string>> {
  return getSlugs(pagesIn(textAt(doc, "markdown")));
}

/** The slugs of all published pages, rows and child pages, public or not. */
export async function getAllSlugs(): Promise<string[]> {
  return (await kv().hvals(`${PREFIX}paths`)) as string[];
}

/** All rows of a source in their order; none while it has not been synced. */
export async function getIndex(source: string): Promise<Meta[]> {
  const key = `${source}:index`;
  const pages = await readWhole(key, "revision", (head) =>
    numbers(2, numberAt(head, "pages") ?? 1).map((number) => `${key}:${number}`),
  );
  return (pages ?? []).flatMap((page) => objectsAt(page, "items")) as Meta[];
}

/** A database that stands inside a page, by the id of its `child_database` block. */
export async function getDatabase(id: string): Promise<Database | null> {
  return (await read(`db:${id}`)) as Database | null;
}

/** The same as a preview shows it: as it stands in a draft, or else as it is published. */
export async function getPreviewDatabase(id: string): Promise<Database | null> {
  return ((await read(`preview:db:${id}`)) as Database | null) ?? getDatabase(id);
}

/** Whether everybody may see it. Any other word is the owner's own, "members" say; what says nothing is public. */
export function isPublic(shown: { visibility?: string }): boolean {
  return (shown.visibility ?? "public") === "public";
}

/** The end of the redirects that begin at a slug, if there is a page. */
async function findMoved(slug: string): Promise<Moved | null> {
  const redirects = await read("redirects");
  const seen = new Set([slug, ""]);
  for (let next = textAt(redirects, slug); !seen.has(next); next = textAt(redirects, next)) {
    if (await kv().exists(`${PREFIX}page:${next}`)) return { movedTo: next };
    seen.add(next);
  }
  return null;
}

/** The pages to which a page may lead; child pages and itself without asking, but in a preview. */
async function linksOf(head: Json, blocks: unknown[], isPreview: boolean): Promise<PageLink[]> {
  const known = [head.meta as Meta, ...objectsAt(head, "meta", "childPages")].map((page) => ({
    id: textAt(page, "id"),
    slug: textAt(page, "slug"),
    title: textAt(page, "title"),
  }));
  const named = new Set(known.map(({ id }) => id));
  const ids = [...listAt(head, "refs").filter((ref) => typeof ref === "string"), ...idsOf("child_page", blocks)];
  const others = [...new Set(ids)].filter((id) => id && !named.has(id));
  const slugs = await (isPreview ? getPreviewSlugs([...named, ...others]) : getSlugs(others));
  return [
    ...known.map((page) => ({ ...page, slug: slugs.get(page.id) ?? page.slug })),
    ...others.flatMap((id) => (slugs.has(id) ? [{ id, slug: slugs.get(id) ?? "", title: "" }] : [])),
  ];
}

async function read(key: string): Promise<Json | null> {
  const value = parsed(await kv().get<string>(PREFIX + key));
  return isObject(value) ? value : null;
}

/** A value of KV; what another program wrote there and is no JSON is none. */
function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A value and those that continue it, all of one writing; null where there is none. Those that continue it bear the
 * first one's stamp. Where they don't, they were replaced meanwhile, and all is read again from the first.
 */
async function readWhole(key: string, stamp: string, restOf: (head: Json) => string[]): Promise<Json[] | null> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const head = await read(key);
    if (!head) return null;
    const rest = await readSeveral(restOf(head));
    if (rest.every((value) => value !== null && at(value, stamp) === at(head, stamp))) {
      const isSettled = !rest.length || stamp in head || (await isStill(key, head));
      if (isSettled) return [head, ...(rest as Json[])];
    }
    await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
  }
  throw new Error(`${key} was replaced ${ATTEMPTS} times while it was read`);
}

/** Values that were written before there were stamps are of one writing where the first one stands as it stood. */
async function isStill(key: string, head: Json): Promise<boolean> {
  return JSON.stringify(await read(key)) === JSON.stringify(head);
}

async function readSeveral(keys: string[]): Promise<(Json | null)[]> {
  const values: (Json | null)[] = [];
  for (let first = 0; first < keys.length; first += READS_AT_ONCE) {
    values.push(...(await Promise.all(keys.slice(first, first + READS_AT_ONCE).map(read))));
  }
  return values;
}

/** The blocks of all parts. One that `continues` a block begins with further children of it. */
function joinParts(parts: Json[]): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    const target = childrenOf(textAt(part, "continues"), blocks) ?? blocks;
    for (const block of listAt(part, "blocks")) target.push(block as Block);
  }
  return blocks;
}

/** The children of a block that is cut: it stands on the path of last children. */
function childrenOf(id: string, blocks: Block[]): Block[] | undefined {
  for (let block = blocks.at(-1); block; block = block.children?.at(-1)) {
    if (block.id === id) return (block.children ??= []);
  }
  return undefined;
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}
