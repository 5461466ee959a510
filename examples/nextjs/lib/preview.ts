/** Links to previews, as the sync's dashboard makes them: signed, and good for an hour. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** What keeps a link in the visitor's browser for as long as it is good. */
export const PREVIEW_COOKIE = "preview";

/** The slug that a link shows, by its query; null where it was not made with PREVIEW_SECRET, or its time is over. */
export function previewedSlug(query: string, now = Date.now()): string | null {
  const link = new URLSearchParams(query);
  const [slug, expires, signature] = ["slug", "expires", "signature"].map((name) => link.get(name) ?? "");
  const secret = process.env.PREVIEW_SECRET; // `make doctor` of the sync prints it
  if (!secret || !/^\d{1,12}$/.test(expires) || !/^[0-9a-f]{64}$/.test(signature)) return null;
  const made = createHmac("sha256", secret).update(`${expires}.${slug}`).digest();
  const isOurs = timingSafeEqual(made, Buffer.from(signature, "hex"));
  return isOurs && now < Number(expires) * 1000 ? slug : null;
}

/** Whether a link to one page shows another one too: the pages below it. */
export const isWithin = (slug: string, shown: string) => slug === shown || slug.startsWith(`${shown}/`);
