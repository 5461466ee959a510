// Prints the TypeScript types of what a site reads from KV, made from its JSON Schema: `make schema` keeps them as
// schema/notion-kv.d.ts.
import { compileFromFile } from "json-schema-to-typescript";

const whereItWasFound = /\n \*(\n \* This interface was referenced by [^\n]*\n \* via the [^\n]*)/g;

const types = await compileFromFile(process.argv[2], {
  additionalProperties: false,
  bannerComment: "/* Made by `make schema` from notion-kv.json. */",
  style: { printWidth: 120 },
  unreachableDefinitions: true,
});
process.stdout.write(types.replace(whereItWasFound, ""));
