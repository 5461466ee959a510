/** REVALIDATE_URL of the sync: after a run it says what changed, and only that is made anew. */
import { timingSafeEqual } from "node:crypto";
import { expire } from "../../lib/cache";
import { at, isObject } from "../../lib/json";

export async function POST(request: Request): Promise<Response> {
  if (!isAllowed(request.headers.get("authorization"))) return refuse(401, "Unauthorized");
  const keys = changedKeys(await request.json().catch(() => null));
  if (!keys) return refuse(400, 'Expected {"changed": [slugs], "deleted": [slugs], "tags": [keys]}');
  keys.forEach(expire);
  return Response.json({ revalidated: keys });
}

/** The keys of KV that changed, each once; null for another body than the sync's. */
function changedKeys(body: unknown): string[] | null {
  const lists = ["changed", "deleted", "tags"].map((name) => at(body, name) ?? []);
  if (!isObject(body) || !lists.every(isTexts)) return null;
  const [changed, deleted, tags] = lists;
  const pages = [...changed, ...deleted].map((slug) => `page:${slug}`);
  // A long index goes on in `posts:index:2`, and is one index all the same.
  return [...new Set([...pages, ...tags.map((tag) => tag.replace(/^([^:]+:index):\d+$/, "$1"))])];
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isAllowed(authorization: string | null): boolean {
  const secret = process.env.REVALIDATE_SECRET;
  const [given, expected] = [authorization ?? "", `Bearer ${secret}`].map((text) => Buffer.from(text));
  return Boolean(secret) && given.length === expected.length && timingSafeEqual(given, expected);
}

const refuse = (status: number, error: string) => Response.json({ error }, { status });
