import Link from "next/link";
import { dependOn } from "../lib/cache";
import { textAt } from "../lib/json";
import { getIndex, isPublic } from "../lib/kv";
import { pagePath } from "../lib/paths";

export const dynamic = "force-static"; // until /revalidate says that an index changed

const SOURCES = ["pages", "posts"]; // the names in NOTION_SOURCES

export default async function Home() {
  const indexes = await Promise.all(SOURCES.map(getIndex));
  await Promise.all(SOURCES.map((source) => dependOn(`${source}:index`)));
  return (
    <main>
      {SOURCES.map((source, at) => (
        <section key={source}>
          <h1>{source}</h1>
          <ul>
            {indexes[at].filter(isPublic).map((meta) => (
              <li key={textAt(meta, "id")}>
                <Link href={pagePath(textAt(meta, "slug"))}>{textAt(meta, "title")}</Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </main>
  );
}
