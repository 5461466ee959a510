// notion-to-md as its README shows it: rows by the official client, then each page's Markdown; with "together" all
// pages at once.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { Client, iteratePaginatedAPI } = require("@notionhq/client");
const { NotionToMarkdown } = require("notion-to-md");

const { NOTION_TOKEN, NOTION_URL, DATA_SOURCES, OUT } = process.env;
const notion = new Client({ auth: NOTION_TOKEN, baseUrl: NOTION_URL });
const toMarkdown = new NotionToMarkdown({ notionClient: notion });

async function write(row) {
  const markdown = toMarkdown.toMarkdownString(await toMarkdown.pageToMarkdown(row.id));
  writeFileSync(join(OUT, `${row.id}.md`), Object.values(markdown).join("\n"));
}

const rows = [];
for (const data_source_id of DATA_SOURCES.split(",")) {
  for await (const row of iteratePaginatedAPI(notion.dataSources.query, { data_source_id })) rows.push(row);
}
if (process.argv[2] === "together") await Promise.all(rows.map(write));
else for (const row of rows) await write(row);
