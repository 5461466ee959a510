/** Notion's rich text: formatted pieces, equations and mentions. Links lead where `lib/links.ts` says. */
import Link from "next/link";
import type { ReactNode } from "react";
import { addressAt, at, flagAt, objectsAt, textAt, type Json } from "../lib/json";
import { Equation } from "./equation";

export function RichText({ of: pieces }: { of: unknown }) {
  return objectsAt(pieces).map((piece, key) => <Piece key={key} piece={piece} />);
}

export function plainText(pieces: unknown): string {
  return objectsAt(pieces).map(wordsOf).join("");
}

/** The class of a colour of Notion's, `red` or `red_background`; site.css knows them. */
export function colorOf(colored: unknown): string | undefined {
  const color = textAt(colored, "color");
  return /^[a-z]+(_background)?$/.test(color) && color !== "default" ? `color-${color}` : undefined;
}

function Piece({ piece }: { piece: Json }) {
  const is = (name: string) => flagAt(piece, "annotations", name);
  const color = colorOf(at(piece, "annotations"));
  const href = addressAt(piece, "href");
  let text: ReactNode = <Content piece={piece} />;
  if (is("code")) text = <code>{text}</code>;
  if (is("bold")) text = <strong>{text}</strong>;
  if (is("italic")) text = <em>{text}</em>;
  if (is("strikethrough")) text = <s>{text}</s>;
  if (is("underline")) text = <u>{text}</u>;
  if (color) text = <span className={color}>{text}</span>;
  if (!href) return text;
  return href.startsWith("/") ? <Link href={href}>{text}</Link> : <a href={href}>{text}</a>;
}

function Content({ piece }: { piece: Json }): ReactNode {
  const words = wordsOf(piece);
  const mention = at(piece, "mention");
  if (piece.type === "equation") return <Equation tex={textAt(piece, "equation", "expression") || words} />;
  if (piece.type !== "mention") return words;
  switch (textAt(mention, "type")) {
    case "date":
      return <time dateTime={textAt(mention, "date", "start") || undefined}>{words}</time>;
    case "custom_emoji": {
      const address = addressAt(mention, "custom_emoji", "url");
      return address ? <img className="emoji" src={address} alt={words} loading="lazy" /> : words;
    }
    case "link_preview":
    case "link_mention":
    case "page":
    case "database":
      return words; // a link: every piece may be one
    default:
      return <span className="mention">{words}</span>; // a user, a template's "today" and "me", what is yet to come
  }
}

function wordsOf(piece: Json): string {
  return textAt(piece, "plain_text") || textAt(piece, "text", "content");
}
