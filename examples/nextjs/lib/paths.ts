/** Where this site shows what it read. */
export const pagePath = (slug: string) => `/${slug.toWellFormed().split("/").map(encodeURIComponent).join("/")}`;

export const databasePath = (id: string) => `/database/${encodeURIComponent(id.toWellFormed())}`;

/** A slug as the segments of an address spell it. A `%` that encodes nothing stands for itself. */
export const slugOf = (segments: string[]) =>
  segments.map((segment) => (isEncoded(segment) ? decodeURIComponent(segment) : segment)).join("/");

export function isEncoded(path: string): boolean {
  try {
    return decodeURIComponent(path) !== undefined;
  } catch {
    return false;
  }
}

/** The address of this site, for feeds and the like: SITE_URL, else what Vercel calls the project's own. */
export function siteUrl(): string {
  const vercel = process.env.VERCEL_PROJECT_PRODUCTION_URL;
  return (process.env.SITE_URL ?? (vercel ? `https://${vercel}` : "http://localhost:3000")).replace(/\/$/, "");
}

/** What is no page of KV's. */
const OTHERS = /^\/(?:_next|api\/preview|preview|database|as-markdown|revalidate|feed\.xml|sitemap\.xml|llms\.txt)(?:\/|$)/;

/** Where the Markdown of what stands at a path is given, if Markdown is asked for: by `.md` or by the header `Accept`. */
export function markdownPath(path: string, accept: string): string | null {
  if (OTHERS.test(path)) return null;
  if (path.endsWith(".md") && path !== "/.md") return `/as-markdown${path.slice(0, -".md".length)}`;
  if (!prefersMarkdown(accept)) return null;
  return path === "/" ? "/llms.txt" : `/as-markdown${path}`;
}

/** Whether Markdown is as welcome as HTML: browsers don't name it, programs that read name it first. */
function prefersMarkdown(accept: string): boolean {
  return qualityOf("text/markdown", accept) > 0 && qualityOf("text/markdown", accept) >= qualityOf("text/html", accept);
}

function qualityOf(kind: string, accept: string): number {
  const [, ...settings] = accept.split(",").map((one) => one.trim().split(/\s*;\s*/)).find(([one]) => one.toLowerCase() === kind) ?? ["", "q=0"];
  const quality = Number(settings.find((setting) => setting.startsWith("q="))?.slice(2) ?? 1);
  return Number.isNaN(quality) ? 0 : quality;
}
