/** Every public page: rows, and the child pages in them, which share their visibility. */
import type { MetadataRoute } from "next";
import { dependOn } from "../lib/cache";
import { getAllSlugs, getIndex, isPublic } from "../lib/kv";
import { pagePath, siteUrl } from "../lib/paths";
import { SOURCES } from "../lib/site";

export const dynamic = "force-static"; // until /revalidate says that an index changed, and once an hour

const SECONDS = 3600;

export default async function sitemap(): Promise<MetadataRoute.Sitemap> {
  const rows = (await Promise.all(SOURCES.map(getIndex))).flat();
  const shown = new Map(rows.filter(isPublic).map((row) => [row.slug, row]));
  const known = new Set(rows.map(({ slug }) => slug));
  const slugs = (await getAllSlugs()).filter((slug) => shown.has(rowOf(slug, known)));
  await Promise.all(SOURCES.map((source) => dependOn(`${source}:index`, SECONDS)));
  const pages = slugs.sort().map((slug) => ({
    url: siteUrl() + pagePath(slug),
    lastModified: shown.get(slug)?.lastEdited,
  }));
  return [{ url: `${siteUrl()}/` }, ...pages];
}

/** The slug of the row in which a page stands: the longest beginning of its slug that is one. */
function rowOf(slug: string, rows: Set<string>): string {
  let row = slug;
  while (row && !rows.has(row)) row = row.slice(0, Math.max(0, row.lastIndexOf("/")));
  return row;
}
