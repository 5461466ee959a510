import Link from "next/link";
import { dependOn } from "../lib/cache";
import { textAt } from "../lib/json";
import { pagePath } from "../lib/paths";
import { getPublicRows, SOURCES } from "../lib/site";

export const dynamic = "force-static"; // until /revalidate says that an index changed

export default async function Home() {
  const indexes = await Promise.all(SOURCES.map(getPublicRows));
  await Promise.all(SOURCES.map((source) => dependOn(`${source}:index`)));
  return (
    <main>
      {SOURCES.map((source, at) => (
        <section key={source}>
          <h1>{source}</h1>
          <ul>
            {indexes[at].map((meta) => (
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
