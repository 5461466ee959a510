// Reads JSON texts, one a line, and prints each as JavaScript understands it: what `JSON.parse` made of it, as JSON text
// again, or `!` and its complaint. Started by tests/odd/javascript.py. (readline would end a line at U+2028 too.)
import { readFileSync } from "node:fs";

const understood = (line) => {
  try {
    return JSON.stringify(JSON.parse(line));
  } catch (error) {
    return `!${error.message.replaceAll("\n", " ")}`;
  }
};

const lines = readFileSync(0, "utf8").split("\n").slice(0, -1);
process.stdout.write(lines.map((line) => `${understood(line)}\n`).join(""));
