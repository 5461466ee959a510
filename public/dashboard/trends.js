// How long the last runs took, and how much they asked of Notion.

import { $, say, tone } from "./elements.js";
import { clock, duration, number, some } from "./words.js";

const CHARTED_RUNS = 30;

export function showTrends(status) {
  const ended = status.runs.filter((run) => run.durationMs !== null && run.status !== "cancelled");
  const charted = ended.slice(0, CHARTED_RUNS).reverse();
  say($("trends-hint"), charted.length ? `last ${some(charted.length, "run")}, newest on the right` : "");
  showChart($("chart-duration"), charted, (run) => run.durationMs, duration);
  showChart($("chart-requests"), charted, (run) => run.notionRequests, (count) => number.format(count));
}

function showChart(figure, runs, value, words) {
  const drawing = figure.querySelector("svg");
  const values = runs.map(value);
  const highest = Math.max(1, ...values);
  const latest = values.length ? words(values.at(-1)) : "–";
  say(figure.querySelector(".latest"), latest);
  const summary = values.length ? `latest ${latest}, highest ${words(Math.max(...values))}` : "no runs yet";
  drawing.setAttribute("aria-label", `${figure.querySelector("figcaption").textContent} of the last runs: ${summary}`);
  const key = runs.map((run, at) => `${run.runId} ${values[at]}`).join();
  if (drawing.dataset.key === key) return;
  drawing.dataset.key = key;
  drawing.replaceChildren(...runs.map((run, at) => column(CHARTED_RUNS - runs.length + at, values[at] / highest, run, words(values[at]))));
  drawing.lastElementChild?.classList.add("last");
}

function column(slot, share, run, words) {
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const height = Math.max(1.5, share * 72);
  const sizes = { x: slot * 10 + 1.5, y: 72 - height, width: 7, height };
  for (const [name, size] of Object.entries(sizes)) bar.setAttribute(name, size);
  tone(bar, run.status === "failed" ? "bad" : null);
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `${words}, ${clock.format(Date.parse(run.triggeredAt))}`;
  bar.append(title);
  return bar;
}
