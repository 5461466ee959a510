// The table of runs, the newest first.

import { $, link, make, rows, say, shownOf, tone } from "./elements.js";
import { problems } from "./problems.js";
import { TONES, ago, clock, counts, duration, elapsed, number, scope, some } from "./words.js";

const CONSOLE = "https://console.upstash.com/qstash?messageId=";
const SHOWN_RUNS = 8;
const RUN_CELLS = [[""], [""], [""], [""], ["took", "number"], ["requests", "number"], ["retries", "number"], ["job", "mono"]];

export function showRuns(status, now) {
  const shown = status.runs.slice(0, shownOf(status.runs.length, SHOWN_RUNS, $("more-runs")));
  $("no-runs").hidden = status.runs.length > 0;
  $("runs").hidden = status.runs.length === 0;
  rows($("runs").tBodies[0], shown.length, RUN_CELLS).forEach((row, at) => showRun(row, shown[at], now));
}

function showRun(row, run, now) {
  const [state, asked, what, pages, took, requests, retries, job] = row.cells;
  if (!state.firstChild) state.append(make("span", { class: "status" }));
  tone(state.firstChild, TONES[run.status]);
  say(state.firstChild, run.status);
  say(asked, ago(run.triggeredAt, now));
  asked.title = clock.format(Date.parse(run.triggeredAt));
  say(what, scope(run));
  what.title = what.textContent;
  showCounts(pages, run);
  say(took, run.finishedAt || !run.startedAt || run.status === "failed" ? duration(run.durationMs) : elapsed(run, now));
  say(requests, number.format(run.notionRequests));
  say(retries, number.format(run.retries));
  if (job.dataset.id === String(run.jobId)) return;
  job.dataset.id = run.jobId;
  job.replaceChildren(run.jobId ? link(CONSOLE + encodeURIComponent(run.jobId), run.jobId, `Job ${run.jobId} in QStash’s console`) : "–");
}

function showCounts(cell, run) {
  const underWay = run.toSync ? `${number.format(run.synced)} of ${number.format(run.toSync)}` : "listing";
  const text = run.status === "active" ? underWay : run.status === "pending" ? "–" : counts(run);
  const key = `${run.runId} ${text} ${run.errors.length}`;
  if (cell.dataset.key === key) return;
  cell.dataset.key = key;
  cell.replaceChildren(text);
  cell.title = text;
  if (!run.errors.length) return;
  const see = make("button", { type: "button", class: "link bad" }, some(run.errors.length, "problem"));
  see.addEventListener("click", () => problems.choose(run.runId));
  cell.prepend(see, " · ");
}
