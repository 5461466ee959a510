/** REVALIDATE_URL of the sync: after a run it says what changed, and only that is made anew. */
import { timingSafeEqual } from "node:crypto";
import { revalidatePath } from "next/cache";
import { databasePath, pagePath } from "../../lib/paths";

type Changes = { runId: string; changed: string[]; deleted: string[]; tags: string[] };

export async function POST(request: Request): Promise<Response> {
  if (!isAllowed(request.headers.get("authorization"))) return new Response("Unauthorized", { status: 401 });
  const { changed, deleted, tags }: Changes = await request.json();
  const paths = new Set([...changed, ...deleted].map(pagePath));
  for (const tag of tags) {
    if (tag.endsWith(":index") && !tag.startsWith("page:")) paths.add("/");
    if (tag.startsWith("db:")) paths.add(databasePath(tag.slice("db:".length)));
  }
  paths.forEach((path) => revalidatePath(path));
  return Response.json({ revalidated: [...paths] });
}

function isAllowed(authorization: string | null): boolean {
  const secret = process.env.REVALIDATE_SECRET;
  const [given, expected] = [authorization ?? "", `Bearer ${secret}`].map((text) => Buffer.from(text));
  return Boolean(secret) && given.length === expected.length && timingSafeEqual(given, expected);
}
