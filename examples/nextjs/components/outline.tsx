/** The headings of a page, wherever they stand in it. */
import { at, objectsAt, textAt, type Json } from "../lib/json";
import { plainText } from "./rich-text";

export type Heading = { level: number; anchor?: string; text: string };

const KINDS = ["heading_1", "heading_2", "heading_3", "heading_4"];

export function outlineOf(blocks: unknown): Heading[] {
  return objectsAt(blocks).flatMap((block) => {
    const kind = textAt(block, "type");
    const level = KINDS.indexOf(kind) + 1;
    const heading = { level, anchor: anchorOf(block), text: plainText(at(block, kind, "rich_text")) };
    return [...(level ? [heading] : []), ...outlineOf(at(block, "children"))];
  });
}

/** What stands behind the `#` of an address that leads to a block; Notion's own links spell it so, too. */
export function anchorOf(block: Json): string | undefined {
  return textAt(block, "id").replaceAll("-", "") || undefined;
}

export function Outline({ of: headings, color }: { of: Heading[]; color?: string }) {
  return (
    <nav className={color} aria-label="Table of contents">
      <ul className="outline">
        {headings.map(({ level, anchor, text }, key) => (
          <li key={key} className={`level-${level}`}>
            {anchor ? <a href={`#${anchor}`}>{text}</a> : text}
          </li>
        ))}
      </ul>
    </nav>
  );
}
