// @astro-notion/loader as its README shows it: a site with a collection for each database, built by Astro. The site
// stays for the next run, and with it Astro's data store.
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = join(process.cwd(), "node_modules");
const site = join(process.env.HOME, "site");
cpSync(join(import.meta.dirname, "astro"), site, { recursive: true });
cpSync("package.json", join(site, "package.json")); // Astro compiles the packages that it names and that need Astro.
if (!existsSync(join(site, "node_modules"))) symlinkSync(packages, join(site, "node_modules"));

process.chdir(site);
process.env.ASTRO_TELEMETRY_DISABLED = "1";
process.argv = [process.argv[0], join(packages, "astro/astro.js"), "build"];
await import(pathToFileURL(process.argv[1]));
