// How numbers, times and runs are told.

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
export const number = new Intl.NumberFormat(LANGUAGE);
export const decimal = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
export const clock = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
const hour = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "short" });
const day = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });
const DAY = 86_400_000;

export const some = (count, thing) => `${number.format(count)} ${thing}${count === 1 ? "" : "s"}`;
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export function duration(ms) {
  if (ms === null) return "–";
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(Math.max(0, ms))} ms`;
  if (seconds < 10) return `${decimal.format(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${number.format(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A while yet, in whole seconds, one at least. */
export const whole = (ms) => duration(Math.max(1, Math.ceil(ms / 1000)) * 1000);

/** How long a run has been under way, in whole seconds. */
export const elapsed = (run, now) =>
  duration(Math.max(1000, Math.floor((now - Date.parse(run.startedAt)) / 1000) * 1000));

export function ago(iso, now) {
  const seconds = (Date.parse(iso) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  const [count, thing] = inUnits(size);
  if (thing === "day" && count === 1) return seconds < 0 ? "yesterday" : "tomorrow";
  const words = thing === "day" ? some(count, thing) : `${count} ${thing}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

function inUnits(seconds) {
  if (seconds < 60) return [Math.trunc(seconds / 10) * 10, "s"];
  if (seconds < 3600) return [Math.round(seconds / 60), "min"];
  if (seconds < 86_400) return [Math.round(seconds / 3600), "h"];
  return [Math.round(seconds / 86_400), "day"];
}

/** How much time lies between, in the largest unit that says it. */
export function span(ms) {
  const [count, thing] = ms < 2 * DAY ? [ms / 3_600_000, "hour"] : [ms / DAY, "day"];
  return some(Math.max(1, Math.floor(count)), thing);
}

/** Since when: by the hour today, else by the day. */
export function since(iso, now) {
  const [then, today] = [new Date(iso), new Date(now)];
  return then.toDateString() === today.toDateString() ? hour.format(then) : day.format(then);
}

/** When something will be: "tomorrow 06:00". */
export function coming(iso, now) {
  const days = Math.round(
    (new Date(iso).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / DAY,
  );
  const word = ["today", "tomorrow"][days] ?? day.format(new Date(iso));
  return `${word} ${hour.format(new Date(iso))}`;
}

export const isUnderWay = (run) => run.status === "active" || run.status === "pending";
export const hasEnded = (run) => run.status === "delivered" || run.status === "failed";
export const hasChanged = (run) => run.changed.length + run.removed.length + run.deleted > 0;
export const hasProblems = (run) => run.status === "failed" || run.errors.length + run.failed > 0;
/** Whether a run looked at all that is synced. */
export const isWhole = (run) => run.scope === "all" || run.scope.startsWith("source:");

export function toneOf(run) {
  if (isUnderWay(run)) return run.status === "active" ? "busy" : "warn";
  if (run.status === "failed") return "bad";
  if (run.status !== "delivered") return null;
  return hasProblems(run) ? "warn" : "good";
}

export function scope(run) {
  const [kind, name] = [run.scope.split(":", 1)[0], run.scope.slice(run.scope.indexOf(":") + 1)];
  const what = { page: name, source: `all ${name}`, ...SCOPES }[kind] ?? "everything";
  return run.force ? `${what}, forced` : what;
}

const SCOPES = { edits: "edited pages", dates: "pages with a date" };
const ASKERS = {
  cron: "cron",
  webhook: "webhook",
  button: "button",
  person: "by hand",
  schedule: "schedule",
  "follow-up": "follow-up",
};
export const asker = (run) => ASKERS[run.askedBy] ?? "–";

const BY = {
  cron: " by cron",
  webhook: " by Notion’s webhook",
  button: " by a button in Notion",
  person: " by hand",
  schedule: " by a schedule",
  "follow-up": " as a follow-up",
};
/** Who asked for a run, as the end of a sentence; "" where it is not known. */
export const byWhom = (run) => BY[run.askedBy] ?? "";

/** The server keeps so many slugs of a run. */
const MOST_SLUGS = 50;
export const countOf = (names) => `${names.length}${names.length >= MOST_SLUGS ? "+" : ""}`;
const pages = (names) => `${countOf(names)} page${names.length === 1 ? "" : "s"}`;

/** What came of a run, or how far it is. */
export function result(run) {
  switch (run.status) {
    case "pending":
      return "Waiting for QStash";
    case "active":
      return run.toSync
        ? `${number.format(run.synced + run.failed)} of ${some(run.toSync, "page")}`
        : "Looking for changes";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return "Failed";
    default:
      return run.failed + run.errors.length ? failures(run) : changes(run) || "Nothing changed";
  }
}

/** What a run changed on the site; "" for nothing. */
export function changes(run) {
  const changed = run.changed.length ? `${pages(run.changed)} changed` : "";
  const removed = changed ? number.format(run.deleted) : some(run.deleted, "page");
  return [changed, run.deleted ? `${removed} removed` : ""].filter(Boolean).join(", ");
}

function failures(run) {
  const areAllKnown = run.errors.length > 0 && run.errors.length >= run.failed;
  return `${areAllKnown ? things(run.errors) : some(run.failed, "page")} failed`;
}

/** What people know a problem’s page, database or source by; "" where it has no name. */
export const nameOf = (error) =>
  error.kind === "source" ? `Source ${error.title}` : error.title || error.slug || "";

/** How many of each kind: "1 source and 2 pages". */
export function things(problems) {
  const kinds = ["source", "database", "page"].map((kind) => [
    problems.filter((one) => one.kind === kind).length,
    kind,
  ]);
  return kinds
    .filter(([count]) => count > 0)
    .map(([count, kind]) => some(count, kind))
    .join(" and ");
}
