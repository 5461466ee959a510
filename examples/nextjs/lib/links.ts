/**
 * Links that stay on the site. Blocks lead to pages by the ids or addresses that these have in Notion; a site knows their
 * slugs. What leads to a page that is not published is shown as its text.
 */
import { isObject, objectsAt, textAt, type Json } from "./json";
import { databasePath, pagePath } from "./paths";

const ID = "[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const BARE = new RegExp(`^(?:${ID})$`, "i");
const SEGMENT_END = new RegExp(`(?:^|-)(${ID})$`, "i");
const HOST = /^(?:(?:.+\.)?notion\.so|app\.notion\.com|.+\.notion\.site)$/;
const ADDRESS_KINDS = ["bookmark", "embed", "link_preview"];

/** What an address of Notion's leads to: a page or a database, and a block in it. */
type Target = { id: string; anchor: string };

/** Where a database is shown, by its id. */
export type DatabasePath = (id: string) => string;

/** The ids of the pages to which links may lead, and their slugs; the databases that stand on the page. */
type Known = { slugs: Map<string, string>; databases: Set<string>; pathOfDatabase: DatabasePath };

/** Blocks in which every link to a page of the site leads there, and none to one that is not published leads anywhere. */
export function withLocalLinks(blocks: unknown, links: unknown, pathOfDatabase: DatabasePath = databasePath): Json[] {
  const named = objectsAt(links).map((link): [string, string] => [textAt(link, "id"), textAt(link, "slug")]);
  const slugs = new Map(named.filter(([id, slug]) => id && slug));
  const given = objectsAt(blocks);
  return localized(given, { slugs, databases: new Set(idsOf("child_database", given)), pathOfDatabase }) as Json[];
}

/** The ids of the blocks of a kind, however deep they stand. */
export function idsOf(kind: string, blocks: unknown): string[] {
  return objectsAt(blocks).flatMap((block) => [
    ...(block.type === kind && !block.unavailable ? [textAt(block, "id")] : []),
    ...idsOf(kind, block.children),
  ]);
}

/**
 * Markdown of a `doc:` in which links lead to paths of the site. Of those that lead to no page of it the text is left.
 */
export function withLocalPaths(markdown: string, slugs: Map<string, string>): string {
  return markdown.replace(MARKDOWN_LINK, (_, text: string, _code, kind: string, id: string, anchor = "") => {
    const slug = slugs.get(id);
    if (kind === "db") return `[${text}](${databasePath(id)})`;
    return slug === undefined ? text : `[${text}](${encoded(pagePath(slug))}${anchor})`;
  });
}

/** The ids of the pages to which links of a Markdown text lead. */
export function pagesIn(markdown: string): string[] {
  return [...new Set([...markdown.matchAll(/\]\(page:([0-9a-f-]{36})/g)].map(([, id]) => id))];
}

/** A link as the sync writes it: brackets in its text are escaped, or stand in code. */
const MARKDOWN_LINK =
  /\[((?:\\.|(`+)(?!`).*?[^`]\2(?!`)|[^[\]\\`])*)\]\((page|db):([0-9a-f-]{36})(#[0-9a-f]{32})?\)/g;

function localized(value: unknown, known: Known): unknown {
  if (Array.isArray(value)) return value.map((inner) => localized(inner, known));
  if (!isObject(value)) return value;
  if (typeof value.plain_text === "string") return { ...value, href: pathOf(value, known) };
  const inner = Object.entries(value).map(([name, member]): [string, unknown] => {
    const isShown = ADDRESS_KINDS.includes(name) && isObject(member) && value.type === name;
    const shown = isShown ? { ...member, url: pathTo(textAt(member, "url"), known) } : member;
    return [name, localized(shown, known)];
  });
  return Object.fromEntries(inner);
}

/** Where a piece of rich text leads on this site or elsewhere. */
function pathOf(piece: Json, known: Known): string | undefined {
  const kind = piece.type === "mention" ? textAt(piece, "mention", "type") : "";
  const id = textAt(piece, "mention", kind || "none", "id");
  if (kind === "page") return pathOfPage({ id, anchor: "" }, known);
  if (kind === "database") return known.databases.has(id) ? known.pathOfDatabase(id) : undefined;
  return pathTo(textAt(piece, "href") || textAt(piece, "text", "link", "url"), known);
}

function pathTo(address: string, known: Known): string | undefined {
  const target = targetOf(address);
  if (!target) return address || undefined;
  return known.databases.has(target.id) ? known.pathOfDatabase(target.id) : pathOfPage(target, known);
}

function pathOfPage({ id, anchor }: Target, { slugs }: Known): string | undefined {
  const slug = slugs.get(id);
  return slug && `${pagePath(slug)}${anchor && `#${anchor}`}`;
}

/** What an address leads to; null where that is no page: another address, or a view of a database. */
export function targetOf(address: string): Target | null {
  const url = parsed(address.trim());
  if (!url) return null;
  const peeked = url.searchParams.getAll("p").find((one) => BARE.test(one));
  const ends = url.pathname.split("/").map((segment) => SEGMENT_END.exec(segment)?.[1]);
  const id = peeked ?? (url.searchParams.has("v") ? undefined : ends.findLast((end) => end !== undefined));
  const anchor = url.hash.slice(1);
  return id ? { id: dashed(id), anchor: BARE.test(anchor) ? dashed(anchor).replaceAll("-", "") : "" } : null;
}

/** An address of Notion's; the shortest ones have a page in their path and nothing before it. */
function parsed(address: string): URL | null {
  const isShort = /^\/(?!\/)[^/]*$/.test(address.split(/[?#]/)[0].replace(/\/$/, ""));
  const whole = isShort ? `https://www.notion.so${address}` : address.replace(/^notion:/i, "https:");
  if (!/^https?:/i.test(whole) || !URL.canParse(whole)) return null;
  const url = new URL(whole);
  return HOST.test(url.hostname) ? url : null;
}

function dashed(id: string): string {
  const digits = id.replaceAll("-", "").toLowerCase();
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([from, to]) => digits.slice(from, to)).join("-");
}

/** A path as Markdown spells it. */
const encoded = (path: string) => path.replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
