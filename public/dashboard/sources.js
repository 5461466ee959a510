// Each source: how much of it is published, and since when.

import { $, bdi, link, notion, refill, rows, say } from "./elements.js";
import { ago, clock, number } from "./words.js";

const SOURCE_CELLS = [
  [""],
  ["published", "number"],
  ["last sync"],
  ["last full listing"],
  ["", "mono"],
];

export function showSources(status, now) {
  const { cron } = status;
  say(
    $("cron"),
    cron
      ? `Next by cron ${ago(cron.nextAt, now)}, ${clock.format(Date.parse(cron.nextAt))}`
      : "No cron asks for a sync",
  );
  rows($("sources").tBodies[0], status.sources.length, SOURCE_CELLS).forEach((row, at) => {
    const [name, pages, synced, listed, database] = row.cells;
    const source = status.sources[at];
    refill(name, source.name, () => [bdi(source.name)]);
    say(pages, number.format(source.pages));
    say(synced, source.lastSyncAt ? ago(source.lastSyncAt, now) : "never");
    say(listed, source.lastListedAt ? ago(source.lastListedAt, now) : "never");
    if (database.textContent === source.databaseId) return;
    database.replaceChildren(
      link(notion(source.databaseId), source.databaseId, {
        "aria-label": `Database ${source.databaseId} in Notion`,
      }),
    );
  });
}
