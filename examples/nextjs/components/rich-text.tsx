import type { RichTextItemResponse } from "@notionhq/client";
import type { ReactNode } from "react";

export function RichText({ of: pieces }: { of: RichTextItemResponse[] }) {
  return pieces.map((piece, at) => <Piece key={at} piece={piece} />);
}

function Piece({ piece }: { piece: RichTextItemResponse }) {
  const { bold, italic, strikethrough, underline, code } = piece.annotations;
  let text: ReactNode = piece.plain_text;
  if (code) text = <code>{text}</code>;
  if (bold) text = <strong>{text}</strong>;
  if (italic) text = <em>{text}</em>;
  if (strikethrough) text = <s>{text}</s>;
  if (underline) text = <u>{text}</u>;
  return piece.href ? <a href={piece.href}>{text}</a> : text;
}
