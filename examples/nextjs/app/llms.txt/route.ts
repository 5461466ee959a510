/** What is on this site, for language models (https://llmstxt.org): every public row as a link to its Markdown. */
import { dependOn } from "../../lib/cache";
import { textAt } from "../../lib/json";
import { pagePath, siteUrl } from "../../lib/paths";
import { getPublicRows, SOURCES, textOf, TITLE } from "../../lib/site";

export const dynamic = "force-static"; // until /revalidate says that an index changed

export async function GET(): Promise<Response> {
  const sections = await Promise.all(SOURCES.map(sectionOf));
  await Promise.all(SOURCES.map((source) => dependOn(`${source}:index`)));
  const text = [`# ${TITLE}`, ...sections].join("\n\n") + "\n";
  return new Response(text, { headers: { "Content-Type": "text/plain; charset=utf-8" } });
}

async function sectionOf(source: string): Promise<string> {
  const rows = await getPublicRows(source);
  const lines = rows.map((row) => {
    const about = textOf(row, "excerpt", "description").replace(/\s+/g, " ").trim();
    const title = textAt(row, "title").replace(/[\\[\]]/g, "\\$&") || row.slug;
    const path = pagePath(row.slug).replace(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"));
    return `- [${title}](${siteUrl()}${path}.md)${about && `: ${about}`}`;
  });
  return [`## ${source}`, ...lines].join("\n");
}
