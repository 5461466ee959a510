// A run under way, in the verdict’s place.

import { fill, head, line } from "./card.js";
import { $, make, refill, sentence } from "./elements.js";
import { pace } from "./pace.js";
import { ago, byWhom, capital, decimal, number, some, whole } from "./words.js";

/** The run under way: how far it is, how long yet, and what it waits for. */
export function showRun(run, site, now) {
  const done = run.synced + run.failed;
  const waits = run.waiting !== null && Date.parse(run.waiting.until) > now;
  head(waits || run.status === "pending" ? "wait" : "busy", stage(run, done));
  fill(run.toSync ? Math.min(1, done / run.toSync) : null, waits);
  const [rate, left] = [pace.rate(run), pace.left(run, site.budget, now)];
  const facts = [
    `Asked for${byWhom(run)} ${ago(run.triggeredAt, now)}`,
    rate ? `${decimal.format(rate)} pages / s` : "",
    left === null ? "" : `about ${whole(left)} to go`,
  ];
  line("subline", facts.filter(Boolean).join(" · "));
  const [first, more] = waits ? patience(run.waiting, site.budget, now) : [doubt(run, now), ""];
  refill($("detail"), first + more, () => [make("strong", {}, ...sentence(first)), ` ${more}`]);
}

/** What a run does now. */
function stage(run, done) {
  if (run.status === "pending") return "Waiting for QStash";
  if (run.toSync) return `Publishing: ${number.format(done)} of ${some(run.toSync, "page")}`;
  return run.force ? "Listing every page" : "Looking for changes";
}

/** What a run waits for, and how long yet. */
function patience(waiting, budget, now) {
  const left = whole(Date.parse(waiting.until) - now);
  if (waiting.cause !== "rate_limited")
    return [`Waiting: goes on in ${left}.`, capital(String(waiting.reason ?? ""))];
  const spent = budget.resetsAt
    ? `${number.format(budget.used)} of ${number.format(budget.limit)} requests are`
    : "Its requests are";
  return [
    `Waiting for Notion’s next minute: goes on in ${left}.`,
    `${spent} used up; nothing is lost.`,
  ];
}

/** What is odd about a run that should go on: what QStash says of it, or that it stands still. */
function doubt(run, now) {
  const told = run.notes.findLast((note) => note.cause === "undelivered")?.reason;
  if (run.status === "pending") return told ?? "";
  const stands = run.remaining > 0 && pace.standstill(now) > 8000;
  return stands ? (told ?? "No new page for a while. The run goes on by itself.") : "";
}
