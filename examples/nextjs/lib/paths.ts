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
