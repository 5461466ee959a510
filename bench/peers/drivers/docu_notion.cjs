// docu-notion's command line. It has no option for another address, so its Notion client gets one here; and it asks
// Notion's private API how wide columns are, which no stand-in answers: it is told "unknown".
const { join } = require("node:path");
const inProject = require("node:module").createRequire(join(process.cwd(), "package.json"));
const cli = inProject.resolve("@sillsdev/docu-notion/dist/index.js");
const near = require("node:module").createRequire(cli);

const { NOTION_TOKEN, NOTION_URL, ROOT, OUT } = process.env;
const official = near("@notionhq/client");
const elsewhere = {
  ...official,
  Client: class extends official.Client {
    constructor(options) {
      super({ ...options, baseUrl: NOTION_URL });
    }
  },
};
require.cache[near.resolve("@notionhq/client")].exports = elsewhere;
near("notion-client").NotionAPI.prototype.getPage = async () => ({ block: {} });

process.chdir(OUT);
process.argv = [process.argv[0], cli, "-n", NOTION_TOKEN, "-r", ROOT, "-m", join(OUT, "docs"), "--status-tag", "*"];
require(cli);
