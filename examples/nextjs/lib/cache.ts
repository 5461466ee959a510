/** Ties what is shown to the keys of KV that it was made from: `/revalidate` makes it anew when one of them changes. */
import { createHash } from "node:crypto";
import { revalidateTag, unstable_cache } from "next/cache";

/** So long a page that is not there is remembered as missing; one that is there, until it changes. */
export const MISSING_SECONDS = 60;

/** A key of KV as a tag. A slug may be longer than the 256 characters that Next allows, and may hold any character. */
const tagOf = (key: string) => createHash("sha256").update(key).digest("hex");

/** Makes what is being rendered depend on a key (without KV_PREFIX), and renders it again after `seconds` in any case. */
export async function dependOn(key: string, seconds?: number): Promise<void> {
  const tags = [tagOf(key)];
  await unstable_cache(async () => true, tags, { tags, revalidate: seconds ?? false })(); // hands its tags on to the page
}

/** Lets nothing be shown again that depends on this key. */
export function expire(key: string): void {
  revalidateTag(tagOf(key), { expire: 0 });
}
