// Reads the workspace at $NOTION_API_URL with @notionhq/client and prints what it saw as one JSON object.
// Started by tests/dev/notion/test_clients.py, which judges the report.
import {
  APIResponseError,
  Client,
  collectPaginatedAPI,
  isFullBlock,
  isFullDataSource,
  isFullPage,
  isNotionClientError,
} from "@notionhq/client";

const { NOTION_API_URL, NOTION_TOKEN, DATABASE, RELATION_PAGE, LONG_PAGE } = process.env;
const connect = (auth, notionVersion = "2026-03-11") =>
  new Client({ auth, baseUrl: NOTION_API_URL, notionVersion, retry: false, logger: () => {} });
const notion = connect(NOTION_TOKEN);

const failure = async (work) => {
  try {
    await work();
    return "no error";
  } catch (error) {
    if (!isNotionClientError(error)) throw error;
    return { code: error.code, status: error.status, ours: APIResponseError.isAPIResponseError(error) };
  }
};

const database = await notion.databases.retrieve({ database_id: DATABASE });
const dataSourceId = database.data_sources[0].id;
const dataSource = await notion.dataSources.retrieve({ data_source_id: dataSourceId });
const rows = await collectPaginatedAPI(notion.dataSources.query, { data_source_id: dataSourceId, page_size: 5 });
const decoded = await notion.dataSources.query({ data_source_id: dataSourceId, filter_properties: ["%5BVHf"] });
const blocks = await collectPaginatedAPI(notion.blocks.children.list, { block_id: LONG_PAGE });
const page = await notion.pages.retrieve({ page_id: RELATION_PAGE });
const relation = page.properties["Objects shown"];
const items = await notion.pages.properties.retrieve({ page_id: RELATION_PAGE, property_id: relation.id });
const older = await connect(NOTION_TOKEN, "2025-09-03").pages.retrieve({ page_id: RELATION_PAGE });
const me = await notion.users.me({});

const report = {
  title: database.title.map((text) => text.plain_text).join(""),
  fullDataSource: isFullDataSource(dataSource),
  rows: rows.length,
  fullRows: rows.every(isFullPage),
  decodedProperties: [...new Set(decoded.results.flatMap((row) => Object.keys(row.properties)))],
  blocks: blocks.length,
  fullBlocks: blocks.every(isFullBlock),
  relation: [relation.relation.length, relation.has_more, items.results.length],
  archivedMember: ["archived" in page, "archived" in older],
  me: me.type,
  unauthorized: await failure(() => connect("ntn_wrong").users.me({})),
  notFound: await failure(() => notion.pages.retrieve({ page_id: "00000000-0000-4000-8000-000000000000" })),
  invalid: await failure(() => notion.blocks.children.list({ block_id: "not-an-id" })),
  limited: await failure(() => notion.search({})),
};

console.log(JSON.stringify(report));
