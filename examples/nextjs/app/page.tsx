import Link from "next/link";
import { getIndex } from "../lib/kv";
import { pagePath } from "../lib/paths";

export const dynamic = "force-static"; // until /revalidate says that an index changed

const SOURCES = ["pages", "posts"]; // the names in NOTION_SOURCES

export default async function Home() {
  const indexes = await Promise.all(SOURCES.map(getIndex));
  return (
    <main>
      {SOURCES.map((source, at) => (
        <section key={source}>
          <h1>{source}</h1>
          <ul>
            {indexes[at]
              .filter((meta) => meta.visibility === "public")
              .map((meta) => (
                <li key={meta.id}>
                  <Link href={pagePath(meta.slug)}>{meta.title}</Link>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </main>
  );
}
