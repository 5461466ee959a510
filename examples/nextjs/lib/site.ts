/** What is true of the site as a whole. */
import { textAt } from "./json";
import { getIndex, isPublic, type Meta } from "./kv";

export const TITLE = "Written in Notion";
export const SOURCES = ["pages", "posts"]; // the names in NOTION_SOURCES
export const FEED = "posts"; // the source whose newest rows are in the feed

/** The rows of a source that everybody may see. */
export async function getPublicRows(source: string): Promise<Meta[]> {
  return (await getIndex(source)).filter((row) => isPublic(row) && textAt(row, "slug"));
}

/** What the property of the first of these names says, in any case of its name; "" where none says a text. */
export function textOf(meta: Meta, ...names: string[]): string {
  const properties = Object.entries(meta.properties ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const found = names.map((name) => properties.find(([spelled, value]) => spelled === name && value)?.[1]);
  return found.find((value): value is string => typeof value === "string" && value !== "") ?? "";
}
