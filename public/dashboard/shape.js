// What the deployment answered, brought into the shape that the page shows: what is missing or of
// another kind is empty.

import { Trouble } from "./trouble.js";

const UNKNOWN =
  "The deployment answers in a shape that this page does not know. Load the page again: the" +
  " deployment may be newer.";
const LISTS = ["errors", "warnings", "timeline", "changed", "removed"];
const COUNTS = [
  "toSync",
  "synced",
  "unchanged",
  "deleted",
  "failed",
  "remaining",
  "slices",
  "retries",
  "notionRequests",
  "notionThrottled",
  "kvCommands",
  "images",
  "listed",
];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value) => (Array.isArray(value) ? value.filter((one) => one !== null) : []);
const objects = (value) => list(value).filter(isObject);
const count = (value) => (Number.isFinite(value) ? value : 0);
const text = (value) => (typeof value === "string" ? value : "");
const time = (value) => (Number.isNaN(Date.parse(value)) ? null : value);

/** The status. Throws Trouble where nothing can be made of it. */
export function statusOf(answer) {
  if (isObject(answer) && objects(answer.setup).length) return { setup: objects(answer.setup) };
  if (!isObject(answer) || !isObject(answer.site) || !Array.isArray(answer.runs))
    throw new Trouble("broken", UNKNOWN);
  return {
    setup: [],
    site: siteOf(answer.site),
    active: isRun(answer.active) ? runOf(answer.active) : null,
    runs: answer.runs.filter(isRun).map(runOf),
    sources: objects(answer.sources).map(sourceOf),
    cron: isObject(answer.cron) && time(answer.cron.nextAt) ? answer.cron : null,
    webhook: isObject(answer.webhook) ? answer.webhook : {},
    previews: answer.previews === true,
  };
}

/** The drafts that have a preview. Throws Trouble where nothing can be made of them. */
export function draftsOf(answer) {
  if (!isObject(answer) || !Array.isArray(answer.drafts)) throw new Trouble("broken", UNKNOWN);
  const drafts = objects(answer.drafts).filter((one) => /^https?:/.test(one.url));
  return {
    total: count(answer.total),
    expiresAt: time(answer.expiresAt) ?? new Date(0).toISOString(),
    drafts: drafts.map((one) => ({
      pageId: text(one.pageId),
      title: text(one.title),
      slug: text(one.slug),
      url: one.url,
      why: text(one.why),
      until: time(one.until),
    })),
  };
}

/** One run. Throws Trouble where it is none. */
export function runOf(run) {
  if (!isRun(run)) throw new Trouble("broken", UNKNOWN);
  return {
    ...run,
    ...Object.fromEntries(LISTS.map((name) => [name, list(run[name])])),
    ...Object.fromEntries(COUNTS.map((name) => [name, count(run[name])])),
    ...Object.fromEntries(["startedAt", "finishedAt"].map((name) => [name, time(run[name])])),
    errors: objects(run.errors).map(problemOf),
    notes: objects(run.notes).map(({ cause, reason }) => ({ cause, reason: text(reason) })),
    warnings: list(run.warnings).map(String),
    timeline: objects(run.timeline).filter((part) => time(part.startedAt) && time(part.endedAt)),
    scope: text(run.scope) || "all",
    durationMs: Number.isFinite(run.durationMs) ? run.durationMs : null,
    waiting: isObject(run.waiting) && time(run.waiting.until) ? run.waiting : null,
  };
}

const isRun = (run) =>
  isObject(run) &&
  text(run.runId) !== "" &&
  text(run.status) !== "" &&
  time(run.triggeredAt) !== null;

const problemOf = (one) => ({
  ...one,
  title: text(one.title),
  slug: text(one.slug),
  reason: text(one.reason),
  cause: text(one.cause),
  kind: text(one.kind) || "page",
  since: time(one.since),
});

const sourceOf = (one) => ({
  name: text(one.name),
  databaseId: text(one.databaseId),
  pages: count(one.pages),
  lastSyncAt: time(one.lastSyncAt),
  lastListedAt: time(one.lastListedAt),
});

function siteOf(site) {
  const budget = isObject(site.budget) ? site.budget : {};
  return {
    state: text(site.state),
    ...Object.fromEntries(["pages", "rows", "childPages"].map((name) => [name, count(site[name])])),
    overdue: objects(site.overdue).map(problemOf),
    lastFullRunAt: time(site.lastFullRunAt),
    lastEventAt: time(site.lastEventAt),
    warnings: list(site.warnings).map(String),
    slugs: list(site.slugs).map(String),
    budget: {
      used: count(budget.used),
      limit: count(budget.limit),
      resetsAt: time(budget.resetsAt),
    },
    freshness: isObject(site.freshness) ? site.freshness : {},
  };
}
