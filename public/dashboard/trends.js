// How long the last runs took, and how much they asked of Notion.

import { $, say, tone } from "./elements.js";
import { clock, decimal, duration, number, some } from "./words.js";

const CHARTED_RUNS = 30;
const HEIGHT = 72;
/** A run that towers over the others is cut here, in medians, so that they still differ. */
const TALLEST = 4;

export function showTrends({ runs, site }) {
  const ended = runs.filter((run) => run.durationMs !== null && run.status !== "cancelled");
  const charted = ended.slice(0, CHARTED_RUNS).reverse();
  say(
    $("trends-hint"),
    [
      freshness(site.freshness),
      charted.length ? `last ${some(charted.length, "run")}, newest on the right` : "",
    ]
      .filter(Boolean)
      .join(" · "),
  );
  showChart($("chart-duration"), charted, (run) => run.durationMs, duration);
  showChart(
    $("chart-requests"),
    charted,
    (run) => run.notionRequests,
    (count) => number.format(count),
  );
}

/** How long a change takes to the site. */
function freshness({ p50Seconds, p95Seconds, runs }) {
  if (!Number.isFinite(p50Seconds) || !Number.isFinite(p95Seconds) || !runs) return "";
  const [half, most] = [decimal.format(p50Seconds), decimal.format(p95Seconds)];
  return `A change takes ${half} s to your site, 95 % take at most ${most} s`;
}

function showChart(figure, runs, value, words) {
  const drawing = figure.querySelector("svg");
  const values = runs.map(value);
  const latest = values.length ? words(values.at(-1)) : "–";
  say(figure.querySelector(".latest"), latest);
  const summary = values.length
    ? `latest ${latest}, highest ${words(Math.max(...values))}`
    : "no runs yet";
  drawing.setAttribute(
    "aria-label",
    `${figure.querySelector("figcaption").textContent} of the last runs: ${summary}`,
  );
  const key = runs.map((run, at) => `${run.runId} ${values[at]}`).join();
  if (drawing.dataset.key === key) return;
  drawing.dataset.key = key;
  const top = topOf(values);
  drawing.replaceChildren(
    ...runs.flatMap((run, at) =>
      column(CHARTED_RUNS - runs.length + at, values[at] / top, run, words(values[at])),
    ),
  );
  drawing.querySelector("rect:last-of-type")?.classList.add("last");
}

/** What the chart’s full height stands for. */
function topOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Math.max(1, Math.min(sorted.at(-1) ?? 0, middle * TALLEST));
}

function column(slot, share, run, words) {
  const bar = drawn("rect", { x: slot * 10 + 1.5, width: 7, ...ends(Math.min(1, share)) });
  tone(bar, run.status === "failed" ? "bad" : null);
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `${words}, ${clock.format(Date.parse(run.triggeredAt))}`;
  bar.append(title);
  return share > 1
    ? [drawn("path", { d: `M${slot * 10 - 0.5} 13l11 -6`, class: "cut" }), bar].reverse()
    : [bar];
}

function ends(share) {
  const height = Math.max(1.5, share * HEIGHT);
  return { y: HEIGHT - height, height };
}

function drawn(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
