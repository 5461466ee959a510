// Renders pages of blocks with the components of examples/nextjs, compiled into the folder given. Its input is
// {"pages": [{"blocks", "links", "trail"}, …]}, answered with {"pages": [HTML, …]}, or {"breaking": blocks}. Then each of
// these blocks is rendered between two paragraphs, once for every place in it and every odd value at that place; the
// answer is {"rendered": how many pages, "failures": [{"kind", "path", "odd", "problem"}, …]}.
// Started by tests/examples/test_blocks.py with the example's node_modules as NODE_PATH.
const { createElement } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");

const { Blocks } = require(`${process.argv[2]}/components/blocks.js`);

const MISSING = Symbol("missing");
const ODD = [null, MISSING, 7, -0.5, "odd", "", true, [], [null, 7, "odd", [[]]], {}, { constructor: null, type: "odd" }];

const html = (page) => renderToStaticMarkup(createElement(Blocks, page));

/** Every place in a value, as a path of names and numbers. */
function* placesIn(value, path = []) {
  if (path.length) yield path;
  if (value !== null && typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) yield* placesIn(inner, [...path, name]);
  }
}

function broken(block, path, odd) {
  const copy = structuredClone(block);
  const holder = path.slice(0, -1).reduce((inner, name) => inner[name], copy);
  const last = path.at(-1);
  if (odd !== MISSING) holder[last] = odd;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

const words = (text) => ({ id: text, type: "paragraph", paragraph: { rich_text: [{ type: "text", plain_text: text }] } });

function problemOf(block) {
  try {
    const seen = html({ blocks: [words("Before."), block, words("After.")], links: [block] });
    const isWhole = seen.includes("<p>Before.</p>") && seen.endsWith("<p>After.</p>");
    return isWhole ? null : `lost what stands around it: ${seen}`;
  } catch (error) {
    return error.stack;
  }
}

function breakAll(blocks) {
  const failures = [];
  let rendered = 0;
  for (const block of blocks) {
    for (const path of placesIn(block)) {
      for (const odd of ODD) {
        rendered += 1;
        const problem = problemOf(broken(block, path, odd));
        if (problem) failures.push({ kind: block.type, path: path.join("."), odd: String(odd), problem });
      }
    }
  }
  return { rendered, failures };
}

const given = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(given.breaking ? breakAll(given.breaking) : { pages: given.pages.map(html) }));
