// Asks the data layer of examples/nextjs, compiled into the folder given, the questions of a JSON text
// [["getPage", "home"], …]; prints the answers, and the pages among them as HTML, as one JSON object.
// Started by tests/stack/test_reading.py with the example's node_modules as NODE_PATH.
const { createElement } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");

const [folder, questions] = process.argv.slice(2);
const kv = require(`${folder}/lib/kv.js`);
const { Blocks } = require(`${folder}/components/blocks.js`);

const html = (page) =>
  renderToStaticMarkup(createElement(Blocks, { blocks: page.blocks, links: page.links }));

(async () => {
  const answers = await Promise.all(JSON.parse(questions).map(([ask, of]) => kv[ask](of)));
  console.log(JSON.stringify({ answers, pages: answers.map((answer) => (answer?.blocks ? html(answer) : null)) }));
})();
