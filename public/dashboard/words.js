// How numbers, times and runs are told.

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
export const number = new Intl.NumberFormat(LANGUAGE);
export const decimal = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto", style: "narrow" });
export const clock = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
const unit = Object.fromEntries(
  ["millisecond", "second", "minute", "hour"].map((name) => [
    name,
    new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: 1 }),
  ]),
);

export const some = (count, thing) => `${number.format(count)} ${thing}${count === 1 ? "" : "s"}`;

export function duration(ms) {
  if (ms === null) return "–";
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return unit.millisecond.format(Math.round(ms));
  if (seconds < 10) return unit.second.format(seconds);
  const whole = Math.round(seconds);
  if (whole < 60) return unit.second.format(whole);
  if (whole < 3600) return `${unit.minute.format(Math.floor(whole / 60))} ${unit.second.format(whole % 60)}`;
  return `${unit.hour.format(Math.floor(whole / 3600))} ${unit.minute.format(Math.floor((whole % 3600) / 60))}`;
}

/** How long a run has been under way, in whole seconds. */
export const elapsed = (run, now) => duration(Math.max(1000, Math.floor((now - Date.parse(run.startedAt)) / 1000) * 1000));

export function ago(iso, now) {
  const seconds = (Date.parse(iso) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  if (size < 60) return relative.format(Math.trunc(seconds / 10) * 10, "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

export const TONES = { delivered: "good", active: "busy", pending: "warn", failed: "bad" };

export const hasEnded = (run) => run.status === "delivered" || run.status === "failed";

export function scope(run) {
  const [kind, name] = [run.scope.split(":", 1)[0], run.scope.slice(run.scope.indexOf(":") + 1)];
  const what = kind === "page" ? name : kind === "source" ? `all ${name}` : kind === "edits" ? "edited pages" : "everything";
  return run.force ? `${what}, forced` : what;
}

/** What people know a problem’s page, database or source by; "" where it has no name. */
export const nameOf = (error) => (error.kind === "source" ? `Source ${error.title}` : error.title || error.slug || "");

/** How many of each kind: "1 source and 2 pages". */
export function things(problems) {
  const kinds = ["source", "database", "page"].map((kind) => [problems.filter((one) => one.kind === kind).length, kind]);
  return kinds.filter(([count]) => count > 0).map(([count, kind]) => some(count, kind)).join(" and ");
}

export function counts(run) {
  const said = [`${number.format(run.synced)} synced`];
  if (run.unchanged) said.push(`${number.format(run.unchanged)} unchanged`);
  if (run.deleted) said.push(`${number.format(run.deleted)} deleted`);
  return said.join(" · ");
}
