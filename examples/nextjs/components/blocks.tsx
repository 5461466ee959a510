/** Notion's common blocks as HTML; of the others what stands inside them. */
import type { BlockObjectResponse, TableRowBlockObjectResponse } from "@notionhq/client";
import Link from "next/link";
import type { ReactNode } from "react";
import type { Block, Meta } from "../lib/kv";
import { databasePath, pagePath } from "../lib/paths";
import { RichText } from "./rich-text";

type Links = Meta["childPages"];
type NotionBlock = BlockObjectResponse & Pick<Block, "children" | "unavailable">;

const LISTS = { bulleted_list_item: "ul", numbered_list_item: "ol", to_do: "ul" } as const;
type List = (typeof LISTS)[keyof typeof LISTS];

export function Blocks({ blocks = [], links }: { blocks?: Block[]; links: Links }) {
  return runs(blocks as NotionBlock[]).map(({ list: List, blocks }) => {
    const shown = blocks.map((block) => <One key={block.id} block={block} links={links} />);
    return List ? <List key={blocks[0].id}>{shown}</List> : shown;
  });
}

/** Items of one list stand side by side in Notion; in HTML they need the list around them. */
function runs(blocks: NotionBlock[]): { list: List | null; blocks: NotionBlock[] }[] {
  const found: { list: List | null; blocks: NotionBlock[] }[] = [];
  for (const block of blocks) {
    const list = block.type in LISTS ? LISTS[block.type as keyof typeof LISTS] : null;
    const last = found.at(-1);
    if (last?.list === list) last.blocks.push(block);
    else found.push({ list, blocks: [block] });
  }
  return found;
}

function One({ block, links }: { block: NotionBlock; links: Links }): ReactNode {
  if (block.unavailable) return null;
  const inside = <Blocks blocks={block.children} links={links} />;
  switch (block.type) {
    case "paragraph":
      return <TextThen tag="p" text={block.paragraph.rich_text} inside={inside} />;
    case "heading_1":
      return <TextThen tag="h2" text={block.heading_1.rich_text} inside={inside} />;
    case "heading_2":
      return <TextThen tag="h3" text={block.heading_2.rich_text} inside={inside} />;
    case "heading_3":
      return <TextThen tag="h4" text={block.heading_3.rich_text} inside={inside} />;
    case "bulleted_list_item":
      return (
        <li>
          <TextThen text={block.bulleted_list_item.rich_text} inside={inside} />
        </li>
      );
    case "numbered_list_item":
      return (
        <li>
          <TextThen text={block.numbered_list_item.rich_text} inside={inside} />
        </li>
      );
    case "to_do":
      return (
        <li className="to-do">
          <input type="checkbox" checked={block.to_do.checked} disabled />
          <TextThen text={block.to_do.rich_text} inside={inside} />
        </li>
      );
    case "toggle":
      return (
        <details>
          <TextThen tag="summary" text={block.toggle.rich_text} inside={inside} />
        </details>
      );
    case "quote":
      return (
        <blockquote>
          <TextThen text={block.quote.rich_text} inside={inside} />
        </blockquote>
      );
    case "callout":
      return (
        <aside>
          <TextThen tag="p" text={block.callout.rich_text} inside={inside} />
        </aside>
      );
    case "code":
      return (
        <pre>
          <code className={`language-${block.code.language}`}>
            <RichText of={block.code.rich_text} />
          </code>
        </pre>
      );
    case "image":
      return <Picture image={block.image} />;
    case "divider":
      return <hr />;
    case "table":
      return <Table header={block.table.has_column_header} rows={block.children as TableRowBlockObjectResponse[]} />;
    case "column_list":
      return <div className="columns">{inside}</div>;
    case "column":
      return <div>{inside}</div>;
    case "bookmark":
      return (
        <p>
          <a href={block.bookmark.url}>{block.bookmark.url}</a>
        </p>
      );
    case "child_page": {
      const link = links.find((page) => page.id === block.id);
      return (
        link && (
          <p>
            <Link href={pagePath(link.slug)}>{link.title}</Link>
          </p>
        )
      );
    }
    case "child_database":
      return (
        <p>
          <Link href={databasePath(block.id)}>{block.child_database.title}</Link>
        </p>
      );
    default:
      return inside;
  }
}

type Text = Parameters<typeof RichText>[0]["of"];

function TextThen({
  tag: Tag,
  text,
  inside,
}: {
  tag?: "p" | "h2" | "h3" | "h4" | "summary";
  text: Text;
  inside: ReactNode;
}) {
  return (
    <>
      {Tag ? (
        <Tag>
          <RichText of={text} />
        </Tag>
      ) : (
        <RichText of={text} />
      )}
      {inside}
    </>
  );
}

function Picture({ image }: { image: Extract<NotionBlock, { type: "image" }>["image"] }) {
  const address = image.type === "external" ? image.external.url : image.file.url;
  return (
    <figure>
      <img src={address} alt={image.caption.map((piece) => piece.plain_text).join("")} />
      <figcaption>
        <RichText of={image.caption} />
      </figcaption>
    </figure>
  );
}

function Table({ header, rows }: { header: boolean; rows: TableRowBlockObjectResponse[] }) {
  return (
    <table>
      <tbody>
        {rows.map((row, at) => {
          const Cell = header && at === 0 ? "th" : "td";
          return (
            <tr key={row.id}>
              {row.table_row.cells.map((cell, column) => (
                <Cell key={column}>
                  <RichText of={cell} />
                </Cell>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
