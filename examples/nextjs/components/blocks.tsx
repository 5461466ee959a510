/** A page's blocks as HTML, every kind that Notion's API gives. None of it relies on what stands in a block. */
import type { BlockObjectResponse } from "@notionhq/client";
import Link from "next/link";
import { Fragment, type ReactNode } from "react";
import { at, flagAt, isObject, listAt, numberAt, objectsAt, textAt, type Json } from "../lib/json";
import type { Block, PageLink } from "../lib/kv";
import { idsOf, withLocalLinks, type DatabasePath } from "../lib/links";
import { databasePath, pagePath } from "../lib/paths";
import { Equation } from "./equation";
import { Audio, Bookmark, Embed, Figure, File, Icon, Pdf, Picture, Video } from "./media";
import { Note } from "./note";
import { anchorOf, Outline, outlineOf, type Heading } from "./outline";
import { colorOf, plainText, RichText } from "./rich-text";

/** One step of the way to a page. */
export type Crumb = { path: string; title: string };

/** What blocks show of the page around them. */
type Around = { links: Json[]; databases: string[]; pathOfDatabase: DatabasePath; trail: Crumb[]; outline: Heading[] };

/** A block, what stands in it under its kind, and its children as they are shown. */
type Shown = { block: Json; own: Json; around: Around; inside: ReactNode };

type Props = { blocks: Block[]; links: PageLink[]; trail?: Crumb[]; pathOfDatabase?: DatabasePath };

/** `links` are the pages to which links, mentions and child pages may lead. */
export function Blocks({ blocks, links, trail = [], pathOfDatabase = databasePath }: Props) {
  const databases = idsOf("child_database", blocks);
  const around = { links: objectsAt(links), databases, pathOfDatabase, trail, outline: outlineOf(blocks) };
  return <Several blocks={withLocalLinks(blocks, links, pathOfDatabase)} around={around} />;
}

type Kind = BlockObjectResponse["type"];

const KINDS: Record<Kind, (shown: Shown) => ReactNode> = {
  paragraph: ({ own, inside }) => (
    <>
      <p className={colorOf(own)}>
        <Label own={own} />
      </p>
      {inside && <div className="indented">{inside}</div>}
    </>
  ),
  heading_1: (shown) => <HeadingBlock tag="h2" {...shown} />,
  heading_2: (shown) => <HeadingBlock tag="h3" {...shown} />,
  heading_3: (shown) => <HeadingBlock tag="h4" {...shown} />,
  heading_4: (shown) => <HeadingBlock tag="h5" {...shown} />,
  bulleted_list_item: ({ own, inside }) => (
    <li className={colorOf(own)}>
      <Label own={own} />
      {inside}
    </li>
  ),
  numbered_list_item: ({ own, inside }) => (
    <li className={colorOf(own)} value={numberAt(own, "list_start_index")}>
      <Label own={own} />
      {inside}
    </li>
  ),
  to_do: ({ own, inside }) => (
    <li className={colorOf(own)}>
      <input type="checkbox" checked={flagAt(own, "checked")} disabled />
      <Label own={own} />
      {inside}
    </li>
  ),
  toggle: ({ own, inside }) => (
    <details className={colorOf(own)}>
      <summary>
        <Label own={own} />
      </summary>
      {inside}
    </details>
  ),
  template: ({ own, inside }) => (
    <details>
      <summary>
        Template: <Label own={own} />
      </summary>
      {inside}
    </details>
  ),
  quote: ({ own, inside }) => (
    <blockquote className={colorOf(own)}>
      <Label own={own} />
      {inside}
    </blockquote>
  ),
  callout: ({ own, inside }) => (
    <aside className={colorOf(own)}>
      <p>
        <Label own={own} />
      </p>
      {inside}
    </aside>
  ),
  code: ({ own }) => (
    <Figure own={own}>
      <pre>
        <code className={`language-${textAt(own, "language").replaceAll(" ", "-")}`}>
          <RichText of={at(own, "rich_text")} />
        </code>
      </pre>
    </Figure>
  ),
  equation: ({ own }) => <Equation tex={textAt(own, "expression")} display />,
  divider: () => <hr />,
  breadcrumb: ({ around }) => <Trail of={around.trail} />,
  table_of_contents: ({ own, around }) => <Outline of={around.outline} color={colorOf(own)} />,
  column_list: ({ inside }) => <div className="columns">{inside}</div>,
  column: ({ own, inside }) => <div style={{ flexGrow: numberAt(own, "width_ratio") }}>{inside}</div>,
  image: ({ own }) => <Picture own={own} />,
  video: ({ own }) => <Video own={own} />,
  audio: ({ own }) => <Audio own={own} />,
  pdf: ({ own }) => <Pdf own={own} />,
  file: ({ own }) => <File own={own} />,
  embed: ({ own }) => <Embed own={own} />,
  bookmark: ({ own }) => <Bookmark own={own} />,
  link_preview: ({ own }) => <Bookmark own={own} />,
  link_to_page: ({ own, around }) => <PageReference own={own} around={around} />,
  child_page: ({ block, around }) => <LocalLink id={textAt(block, "id")} around={around} />,
  child_database: ({ block, own, around }) => (
    <p>
      <Link href={around.pathOfDatabase(textAt(block, "id"))}>{textAt(own, "title") || "Untitled"}</Link>
    </p>
  ),
  synced_block: ({ inside }) => <div className="synced">{inside}</div>,
  table: ({ own, block }) => (
    <Table
      rows={objectsAt(block, "children")}
      hasColumnHeader={flagAt(own, "has_column_header")}
      hasRowHeader={flagAt(own, "has_row_header")}
    />
  ),
  table_row: ({ block }) => <Table rows={[block]} />,
  tab: ({ block, around }) => <Tabs block={block} around={around} />,
  meeting_notes: (shown) => <Meeting {...shown} />,
  transcription: (shown) => <Meeting {...shown} />, // what meeting notes were called before version 2026-03-11
  unsupported: ({ own }) => <Note kind={textAt(own, "block_type") || "unsupported block"} />,
};

function Several({ blocks, around }: { blocks: unknown; around: Around }) {
  return runsOf(objectsAt(blocks)).map((run, key) => (
    <Listed key={key} run={run}>
      {run.map((block, key) => (
        <One key={key} block={block} around={around} />
      ))}
    </Listed>
  ));
}

/** Items of one list stand side by side in Notion; in HTML they need the list around them. */
function Listed({ run: [first], children }: { run: Json[]; children: ReactNode }) {
  switch (listOf(first)) {
    case "bulleted_list_item":
      return <ul>{children}</ul>;
    case "to_do":
      return <ul className="to-dos">{children}</ul>;
    case "numbered_list_item":
      return <ol type={numberingOf(first)}>{children}</ol>;
    default:
      return children;
  }
}

const LISTS = ["bulleted_list_item", "numbered_list_item", "to_do"];

/** The kind of list that a block is an item of, if it is one and is shown as one. */
function listOf(block: Json): string | undefined {
  return block.unavailable ? undefined : LISTS.find((kind) => kind === block.type);
}

function runsOf(blocks: Json[]): Json[][] {
  const runs: Json[][] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last && listOf(last[0]) === listOf(block)) last.push(block);
    else runs.push([block]);
  }
  return runs;
}

function numberingOf(item: Json): "a" | "i" | undefined {
  const format = textAt(item, "numbered_list_item", "list_format");
  return format === "letters" ? "a" : format === "roman" ? "i" : undefined;
}

function One({ block, around }: { block: Json; around: Around }): ReactNode {
  const kind = textAt(block, "type");
  const own = at(block, kind);
  const children = objectsAt(block, "children");
  const inside = children.length > 0 && <Several blocks={children} around={around} />;
  if (isKind(kind) && !block.unavailable) {
    return KINDS[kind]({ block, own: isObject(own) ? own : {}, around, inside });
  }
  return (
    <>
      <Note kind={textAt(own, "block_type") || kind || "block"} why={textAt(block, "unavailable")} />
      {inside}
    </>
  );
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KINDS, kind);
}

function Label({ own }: { own: Json }) {
  return (
    <>
      <Icon of={at(own, "icon")} />
      <RichText of={at(own, "rich_text")} />
    </>
  );
}

function HeadingBlock({ tag: Tag, block, own, inside }: Shown & { tag: "h2" | "h3" | "h4" | "h5" }) {
  const heading = (
    <Tag id={anchorOf(block)} className={colorOf(own)}>
      <Label own={own} />
    </Tag>
  );
  if (!inside) return heading;
  return (
    <details>
      <summary>{heading}</summary>
      {inside}
    </details>
  );
}

function Trail({ of: trail }: { of: Crumb[] }) {
  return (
    <nav aria-label="Breadcrumb">
      {trail.map(({ path, title }, key) => (
        <Fragment key={key}>
          {key > 0 && " / "}
          <Link href={path}>{title}</Link>
        </Fragment>
      ))}
    </nav>
  );
}

/** A link to a page of this site, by its Notion id. */
function LocalLink({ id, around }: { id: string; around: Around }) {
  const link = around.links.find((link) => link.id === id);
  const slug = textAt(link, "slug");
  if (!slug) return <Note kind="a page that is not published" />;
  return (
    <p>
      <Link href={pagePath(slug)}>{textAt(link, "title") || slug}</Link>
    </p>
  );
}

/** A page or database that this site does not show is named, without a way to it. */
function PageReference({ own, around }: { own: Json; around: Around }) {
  const kind = textAt(own, "type");
  const id = textAt(own, kind);
  const isPage = around.links.some((link) => link.id === id);
  if (isPage) return <LocalLink id={id} around={around} />;
  if (!id || !["page_id", "database_id"].includes(kind)) return <Note kind="link_to_page" />;
  const words = `A ${kind.replace("_id", "")} in Notion`;
  return <p>{around.databases.includes(id) ? <Link href={around.pathOfDatabase(id)}>{words}</Link> : words}</p>;
}

type TableProps = { rows: Json[]; hasColumnHeader?: boolean; hasRowHeader?: boolean };

function Table({ rows, hasColumnHeader = false, hasRowHeader = false }: TableProps) {
  return (
    <table>
      <tbody>
        {rows.map((row, y) => (
          <tr key={y}>
            {listAt(row, "table_row", "cells").map((cell, x) => {
              const scope = hasColumnHeader && y === 0 ? "col" : hasRowHeader && x === 0 ? "row" : undefined;
              const Cell = scope ? "th" : "td";
              return (
                <Cell key={x} scope={scope}>
                  <RichText of={cell} />
                </Cell>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Of the tabs with one name a browser keeps one open. */
function Tabs({ block, around }: { block: Json; around: Around }) {
  return (
    <div className="tabs">
      {objectsAt(block, "children").map((tab, key) => {
        const own = at(tab, textAt(tab, "type"));
        return (
          <details key={key} name={`tabs-${textAt(block, "id")}`} open={key === 0}>
            <summary>
              <Label own={isObject(own) ? own : {}} />
            </summary>
            <Several blocks={at(tab, "children")} around={around} />
          </details>
        );
      })}
    </div>
  );
}

const MEETING_PARTS = ["summary", "notes", "transcript"];

/** Notes of a meeting: which of the children is the summary, say, Notion tells by its id. */
function Meeting({ block, own, around }: Shown) {
  const [start, end] = ["start_time", "end_time"].map((time) => textAt(own, "calendar_event", time));
  return (
    <section className="meeting">
      <p>
        <strong>{plainText(at(own, "title")) || "Meeting notes"}</strong> {[start, end].filter(Boolean).join(" – ")}
      </p>
      {objectsAt(block, "children").map((part, key) => {
        const id = textAt(part, "id") || "none";
        const name = MEETING_PARTS.find((name) => textAt(own, "children", `${name}_block_id`) === id);
        if (!name) return <Several key={key} blocks={[part]} around={around} />;
        return (
          <details key={key} open={key === 0}>
            <summary>{name}</summary>
            <Several blocks={at(part, "children")} around={around} />
          </details>
        );
      })}
    </section>
  );
}
