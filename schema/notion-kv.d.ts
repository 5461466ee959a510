/* Made by `make schema` from notion-kv.json. */

/**
 * `page:{slug}`
 */
export type Page = WholePage | PageInParts;
/**
 * By the property's type in Notion: of select and status the name; of multi_select, people, relation and files a list; of formula and rollup their result; of rich_text the plain text, beside which `{name}__rich` holds Notion's own pieces where plain text says less
 */
export type PropertyValue =
  string | number | boolean | DateValue | FileValue | Verification | Place | RichText | PropertyValue[] | null;
/**
 * The ids of the pages that the page leads to, each once, itself left out: `HMGET paths …` gives their slugs. Missing in what older versions wrote
 */
export type Refs = string[];
/**
 * Why something failed or waits; readers do for others what they do where there is none
 */
export type Cause = "unshared" | "unanswered" | "too_large" | "fault" | "rate_limited" | "undelivered";

/**
 * What a site reads from KV, by key (without KV_PREFIX).
 */
export interface NotionKv {
  [k: string]: Page | Part | Index | Database | Doc | Paths | Redirects;
}
/**
 * A page with its content.
 */
export interface WholePage {
  /**
   * The version of this format
   */
  v: number;
  meta: Meta;
  refs?: Refs;
  blocks: Block[];
  syncedAt: string;
}
/**
 * All that is known of a page but its content.
 */
export interface Meta {
  id: string;
  /**
   * What follows `page:` in its key
   */
  slug: string;
  title: string;
  /**
   * The source that it, or the page that holds it, is a row of
   */
  source: string;
  /**
   * The owner's own word; `public` where nothing is said. Drafts are not in KV
   */
  visibility: string;
  lastEdited: string;
  createdTime: string;
  /**
   * An emoji or an address
   */
  icon: string | null;
  /**
   * An address
   */
  cover: string | null;
  /**
   * The page in Notion
   */
  url: string | null;
  properties: Properties;
  childPages: PageLink[];
  /**
   * Id of the page that holds this child page; null for a row of a source
   */
  parent: string | null;
}
/**
 * A page's properties by their names in Notion
 */
export interface Properties {
  [k: string]: PropertyValue;
}
/**
 * A date property; `end` is null where it is no span.
 */
export interface DateValue {
  start: string | null;
  end: string | null;
  timeZone: string | null;
}
/**
 * One file of a files property.
 */
export interface FileValue {
  name: string | null;
  /**
   * An address that never expires; null while the file is still being uploaded
   */
  url: string | null;
}
/**
 * A wiki page's verification.
 */
export interface Verification {
  state: string | null;
  by: string | null;
  date: DateValue | null;
}
/**
 * A place property, as Notion gives it.
 */
export interface Place {
  lat: number;
  lon: number;
  name?: string | null;
  address?: string | null;
  [k: string]: unknown;
}
/**
 * A piece of rich text, as Notion gives it.
 */
export interface RichText {
  type?: string;
  plain_text: string;
  href?: string | null;
  annotations?: unknown;
  mention?: unknown;
  [k: string]: unknown;
}
/**
 * A child page, in the order of the document.
 */
export interface PageLink {
  id: string;
  /**
   * Its full path, as in its own key
   */
  slug: string;
  title: string;
}
/**
 * A block as Notion gives it, what belongs to its `type` under that name; children are added,
 * to any depth.
 */
export interface Block {
  id: string;
  type?: string;
  children?: Block[];
  /**
   * Why it could not be read or kept; such a block is to be left out or marked
   */
  unavailable?: string;
  [k: string]: unknown;
}
/**
 * A page whose content is too large for one value.
 */
export interface PageInParts {
  /**
   * The version of this format
   */
  v: number;
  meta: Meta;
  refs?: Refs;
  /**
   * How many keys `page:{slug}:part:1…` hold its blocks, in order
   */
  parts: number;
  /**
   * The one of each of its parts; one that has another belongs to another writing: read all again
   */
  digest?: string;
  syncedAt: string;
}
/**
 * `page:{slug}:part:{n}`: the next blocks of a page in parts. `digest` is missing in what older
 * versions wrote.
 */
export interface Part {
  /**
   * The one of its page
   */
  digest?: string;
  /**
   * Id of the block whose further children these are: the first of this id from the last block at the top down through the last children; missing where they stand at the top of the page
   */
  continues?: string;
  blocks: Block[];
}
/**
 * `{source}:index`, and `{source}:index:2…` where there are more than 500, or fewer are too
 * large for one value: a source's rows in their order. Pages differ in length.
 */
export interface Index {
  items: Meta[];
  syncedAt: string;
  /**
   * Items of all pages of the index together; on the first page
   */
  total?: number;
  /**
   * How many keys the index has, if more than one; on the first page
   */
  pages?: number;
  /**
   * Of an index of several pages: the first page's; one that has another is to be read again
   */
  revision?: string;
}
/**
 * `db:{id}`: a database found inside a page, `preview:db:{id}`: inside a draft.
 */
export interface Database {
  id: string;
  title: string;
  /**
   * The strictest of the pages that show it
   */
  visibility: string;
  /**
   * Its schema, as Notion gives it
   */
  properties: {
    [k: string]: unknown;
  };
  items: DatabaseItem[];
  syncedAt: string;
}
/**
 * A row of a database found inside a page.
 */
export interface DatabaseItem {
  id: string;
  lastEdited: string;
  /**
   * An emoji or an address
   */
  icon: string | null;
  /**
   * An address
   */
  cover: string | null;
  properties: Properties;
}
/**
 * `doc:{slug}`: a page as text, for search, feeds, previews and language models.
 */
export interface Doc {
  /**
   * The version of this format
   */
  v: number;
  id: string;
  slug: string;
  title: string;
  visibility: string;
  /**
   * The beginning of the property `date`
   */
  date: string | null;
  /**
   * Of the property `tags`
   */
  tags: string[];
  /**
   * The property `excerpt` or `description`, else the beginning of the prose
   */
  excerpt: string;
  outline: Heading[];
  words: number;
  /**
   * Plain text, a line for each paragraph
   */
  text: string;
  /**
   * CommonMark with tables, task lists and strikethrough, without the title; links to pages are `page:<id>`, those to databases inside of pages `db:<id>`
   */
  markdown: string;
  /**
   * True where the text is cut, so that it fits into one value
   */
  truncated?: boolean;
  syncedAt: string;
}
/**
 * A heading of a page, wherever it stands.
 */
export interface Heading {
  /**
   * 1 to 4
   */
  level: number;
  text: string;
  /**
   * Of its block
   */
  id: string;
}
/**
 * `paths`, a Redis hash: the slug of every published page, by its id
 */
export interface Paths {
  [k: string]: string;
}
/**
 * `redirects`: the slug that a page had, and the one under which it is found now
 */
export interface Redirects {
  [k: string]: string;
}
/**
 * What could not be read: one of the status's `errors` or a notice's `problems`.
 */
export interface Problem {
  pageId: string | null;
  slug: string | null;
  title: string;
  kind: "page" | "database" | "source" | "run";
  reason: string;
  cause?: Cause;
}
