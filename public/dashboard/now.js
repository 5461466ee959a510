// What runs, or ran last; and what waits for somebody.

import { $, say, tone } from "./elements.js";
import { pace } from "./pace.js";
import { TONES, ago, counts, decimal, duration, elapsed, hasEnded, nameOf, number, scope, some, things } from "./words.js";

export function showNow(status, now) {
  const run = status.active;
  const last = status.runs.find(hasEnded);
  const progress = $("progress");
  const planning = run !== null && !run.toSync;
  progress.classList.toggle("unknown", planning);
  progress.classList.toggle("idle", run === null);
  if (run === null && document.activeElement === $("cancel")) $("headline").focus();
  $("cancel").hidden = run === null;
  if (run) {
    const share = run.toSync ? (run.synced + run.failed) / run.toSync : 0;
    fill(planning ? null : Math.min(1, share));
    headline(TONES[run.status], run.status, run.status === "pending" ? "Waiting for QStash" : planning ? (run.force ? "Listing every page" : "Looking for changes") : "Syncing");
    say($("subline"), `${scope(run)} · asked for ${ago(run.triggeredAt, now)}${run.slices > 1 ? ` · slice ${run.slices}` : ""}`);
    figures([
      ["Pages", run.toSync ? `${number.format(run.synced)} of ${number.format(run.toSync)}` : "–"],
      ["Speed", pace.rate ? `${decimal.format(pace.rate)} / s` : "–"],
      ["Time left", pace.rate && run.remaining ? duration(Math.ceil(run.remaining / pace.rate) * 1000) : "–"],
      ["Elapsed", run.startedAt ? elapsed(run, now) : "–"],
    ]);
  } else {
    const { site } = status;
    fill(site.state === "empty" || site.state === "blocked" ? 0 : 1);
    headline(VERDICTS[site.state], last?.status ?? "idle", verdict(site, now));
    say($("subline"), last ? `Last run: ${scope(last)} · ${counts(last)}` : "Press Sync now to fill KV from Notion.");
    figures([
      ["Pages", number.format(site.pages)],
      ["Last run", last ? ago(last.finishedAt ?? last.triggeredAt, now) : "–"],
      ["It took", last ? duration(last.durationMs) : "–"],
      ["Next by cron", status.cron ? ago(status.cron.nextAt, now) : "–"],
    ]);
  }
  showNotice(run ? run.errors : obstacles(status), run, now);
}

const VERDICTS = { current: "good", behind: "warn", stale: "warn", blocked: "bad", empty: null };

/** Whether the site is up to date, whatever the newest run was about. */
function verdict(site, now) {
  switch (site.state) {
    case "current":
      return "Your site is up to date";
    case "behind":
      return `${things(site.overdue)} ${site.overdue.length === 1 ? "is" : "are"} not up to date on your site`;
    case "stale":
      return site.lastFullRunAt ? `Last checked ${ago(site.lastFullRunAt, now)}` : "Not checked as a whole yet";
    case "blocked":
      return "Nothing can be published";
    default:
      return "No sync yet";
  }
}

/** What keeps the site from being up to date. */
function obstacles({ site, runs }) {
  const broken = runs.find((run) => run.status === "failed" && (run.scope === "all" || run.scope.startsWith("source:")));
  return site.state === "blocked" ? (broken?.errors ?? []) : site.overdue;
}

function headline(colour, state, text) {
  tone($("state-dot"), colour);
  say($("state"), state[0].toUpperCase() + state.slice(1));
  say($("headline"), text);
}

function fill(share) {
  const bar = $("bar");
  bar.style.transform = share === null ? "" : `translateX(${(share - 1) * 100}%)`;
  if (share === null) $("progress").removeAttribute("aria-valuenow");
  else $("progress").setAttribute("aria-valuenow", Math.round(share * 100));
}

function figures(pairs) {
  [...$("figures").children].forEach((figure, at) => {
    say(figure.firstElementChild, pairs[at][0]);
    say(figure.lastElementChild, pairs[at][1]);
  });
}

/** What a run waits for, and how long yet; "" where it does not. */
function patience(run, now) {
  const left = run.waiting ? Date.parse(run.waiting.until) - now : 0;
  if (left > 0) return `Goes on in ${duration(Math.max(1000, left))}: ${run.waiting.reason}`;
  if (run.status === "pending") return run.warnings.at(-1) ?? "";
  const stands = run.remaining > 0 && pace.standstill(now) > 8000;
  return stands ? (run.warnings.at(-1) ?? "No new page for a while. The run goes on by itself.") : "";
}

/** One line on what needs a look: the first problem, or what the run waits for. */
function showNotice(problems, active, now) {
  const [first] = problems;
  const problem = first && [nameOf(first), first.reason].filter(Boolean).join(": ");
  const text = problem ?? (active ? patience(active, now) : "");
  tone($("notice"), problem ? "bad" : text ? "warn" : null);
  say($("notice-text"), text);
  $("notice-more").hidden = !problem;
  if (problem) say($("notice-more"), `See ${some(problems.length, "problem")}`);
}

const WEBHOOK_HOW_TO =
  "Paste this token into the webhook’s verification form in Notion, and set NOTION_WEBHOOK_TOKEN to it, so that only Notion’s own calls count.";

/** The webhook’s address while nobody has set it up, and the token that Notion wants to get back. */
export function showWebhook({ address, state, token }) {
  $("webhook").hidden = state !== "pending";
  say($("webhook-how"), WEBHOOK_HOW_TO);
  say($("webhook-token"), token ?? "");
  $("webhook-unset").hidden = state !== "unset";
  say($("webhook-address"), address);
}
