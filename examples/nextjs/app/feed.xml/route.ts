/** The newest rows of one source as RSS 2.0. */
import { dependOn } from "../../lib/cache";
import { textAt } from "../../lib/json";
import { getDocs, type Doc, type Meta } from "../../lib/kv";
import { pagePath, siteUrl } from "../../lib/paths";
import { FEED, getPublicRows, TITLE } from "../../lib/site";

export const dynamic = "force-static"; // until /revalidate says that the index changed

const MOST_ITEMS = 20;

export async function GET(): Promise<Response> {
  const rows = await getPublicRows(FEED);
  const docs = new Map((await getDocs(rows.map(({ slug }) => slug).slice(0, MOST_ITEMS))).map((doc) => [doc.id, doc]));
  const items = rows.map((row) => ({ row, doc: docs.get(row.id), date: dateOf(row, docs.get(row.id)) }));
  items.sort((one, other) => other.date.getTime() - one.date.getTime());
  await dependOn(`${FEED}:index`);
  const channel = [
    element("title", TITLE),
    element("link", `${siteUrl()}/`),
    element("description", TITLE),
    ...items.slice(0, MOST_ITEMS).map(({ row, doc, date }) => itemOf(row, doc, date)),
  ];
  const feed = `<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>${channel.join("")}</channel></rss>\n`;
  return new Response(feed, { headers: { "Content-Type": "application/rss+xml; charset=utf-8" } });
}

function itemOf(row: Meta, doc: Doc | undefined, date: Date): string {
  const address = siteUrl() + pagePath(row.slug);
  const tags = (doc?.tags ?? []).map((tag) => element("category", tag));
  const parts = [element("title", textAt(row, "title")), element("link", address), element("pubDate", date.toUTCString())];
  const guid = `<guid isPermaLink="false">${escaped(row.id)}</guid>`;
  return `<item>${parts.join("")}${guid}${element("description", textAt(doc, "excerpt"))}${tags.join("")}</item>`;
}

/** The date of the post, else when it was made. */
function dateOf(row: Meta, doc: Doc | undefined): Date {
  const times = [textAt(doc, "date"), textAt(row, "createdTime")].map((time) => new Date(time));
  return times.find((time) => !Number.isNaN(time.getTime())) ?? new Date(0);
}

const element = (name: string, text: string) => `<${name}>${escaped(text)}</${name}>`;

/** Text for XML, which knows no control characters. */
function escaped(text: string): string {
  const seen = text.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "");
  return seen.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
