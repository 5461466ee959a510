/**
 * A live loader over what the sync keeps in KV: a source's rows from `{source}:index`, a page from `doc:{slug}`, its links
 * from `paths`. Nothing is built anew when a page changes: the next visit shows it.
 */
import { Redis } from "@upstash/redis";
import type { LiveLoader } from "astro/loaders";
import { marked } from "marked";

/** A page: of a listing the first members only. */
export type Page = {
  slug: string;
  title: string;
  visibility: string;
  excerpt?: string;
  date?: string | null;
  tags?: string[];
};

const PREFIX = process.env.KV_PREFIX ?? "";
const LINK = /\[((?:\\.|(`+)(?!`).*?[^`]\2(?!`)|[^[\]\\`])*)\]\((page|db):([0-9a-f-]{36})(#[0-9a-f]{32})?\)/g;

let connection: Redis | undefined;

const kv = (): Redis =>
  (connection ??= new Redis({
    url: process.env.KV_REST_API_URL,
    token: process.env.KV_REST_API_READ_ONLY_TOKEN ?? process.env.KV_REST_API_TOKEN,
    responseEncoding: false, // base64 would add a third to a value of 8 MB, and an answer may have 10
    automaticDeserialization: false, // it would take the slug "123" for a number
  }));

async function read<Value>(key: string): Promise<Value | null> {
  const text = await kv().get<string>(PREFIX + key);
  return text === null ? null : JSON.parse(text);
}

/** The rows of a source that everybody may see, by their slugs; as an entry any page, over redirects too. */
export function pagesOf(source: string): LiveLoader<Page, { id: string }> {
  return {
    name: "notion-kv",
    loadCollection: async () => {
      const first = await read<{ items: Page[]; pages?: number }>(`${source}:index`);
      const more = Array.from({ length: (first?.pages ?? 1) - 1 }, (_, at) => `${source}:index:${at + 2}`);
      const rest = await Promise.all(more.map((key) => read<{ items: Page[] }>(key)));
      const rows = [first, ...rest].flatMap((page) => page?.items ?? []);
      return { entries: rows.filter(isPublic).map(({ slug, title, visibility }) => ({ id: slug, data: { slug, title, visibility } })) };
    },
    loadEntry: async ({ filter }) => {
      const doc = await readDoc(filter.id);
      if (!doc || !isPublic(doc)) return undefined;
      const { markdown, slug, title, visibility, excerpt, date, tags } = doc;
      const html = await marked.parse(await withPaths(markdown), { gfm: true });
      return { id: slug, data: { slug, title, visibility, excerpt, date, tags }, rendered: { html } };
    },
  };
}

/** A page as text; of a slug that redirects the one that it leads to. */
async function readDoc(slug: string): Promise<(Page & { markdown: string }) | null> {
  const doc = await read<Page & { markdown: string }>(`doc:${slug}`);
  const moved = doc ? undefined : (await read<Record<string, string>>("redirects"))?.[slug];
  return moved ? read(`doc:${moved}`) : doc;
}

/** Markdown whose links lead to paths of this site. Of one to a page that is not published the text is left. */
async function withPaths(markdown: string): Promise<string> {
  const ids = [...new Set([...markdown.matchAll(LINK)].map(([, , , , id]) => id))];
  const found = ids.length ? ((await kv().hmget(`${PREFIX}paths`, ...ids)) as unknown as (string | null)[]) : [];
  const slugs = new Map(ids.map((id, at) => [id, found[at]]));
  return markdown.replace(LINK, (_, text: string, _code, _kind, id: string, anchor = "") => {
    const slug = slugs.get(id);
    return slug ? `[${text}](${pathOf(slug)}${anchor})` : text;
  });
}

/** Where a page is shown, as Markdown and HTML spell it. Astro refuses addresses that spell out `&` and the like. */
export function pathOf(slug: string): string {
  return `/${encodeURI(slug.toWellFormed()).replace(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"))}`;
}

const isPublic = ({ visibility }: Page): boolean => (visibility ?? "public") === "public";
