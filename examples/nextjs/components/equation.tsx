/** TeX as MathML, which browsers show without a style sheet; as it was written where it is none. */
import katex from "katex";

export function Equation({ tex, display = false }: { tex: string; display?: boolean }) {
  const Tag = display ? "div" : "span";
  const math = mathOf(tex, display);
  if (math === null) return <code>{tex}</code>;
  return <Tag className="equation" dangerouslySetInnerHTML={{ __html: math }} />;
}

function mathOf(tex: string, displayMode: boolean): string | null {
  try {
    return katex.renderToString(tex, { displayMode, output: "mathml", strict: "ignore" });
  } catch {
    return null;
  }
}
