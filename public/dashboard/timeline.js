// A run’s slices and waits, each a bar at its place in the run’s time.

import { make } from "./elements.js";
import { duration, isUnderWay } from "./words.js";

const ORDINALS = ["", "", "2nd", "3rd"];

/** The rows of a time line, the first `most` of them hidden where there are more. */
export function timeline(run, now) {
  const parts = [...run.timeline, ...underWay(run, now)].map((part) => ({
    ...part,
    from: Date.parse(part.startedAt),
    to: Date.parse(part.endedAt),
  }));
  const begin = Math.min(...parts.map((part) => part.from));
  const length = Math.max(1, Math.max(...parts.map((part) => part.to)) - begin);
  const lanes = new Set(parts.map((part) => part.lane)).size;
  const tries = new Map();
  return parts.map((part) => {
    const key = `${part.lane} ${part.slice}`;
    if (part.kind === "slice") tries.set(key, (tries.get(key) ?? 0) + 1);
    return strip(
      part,
      label(part, tries.get(key), lanes),
      (part.from - begin) / length,
      (part.to - part.from) / length,
    );
  });
}

/** What goes on at this moment, which the time line has only once it has ended. */
function underWay(run, now) {
  if (!isUnderWay(run) || !run.startedAt) return [];
  const last = run.timeline.at(-1);
  const began = last?.endedAt ?? run.startedAt;
  const isAhead = run.waiting && Date.parse(run.waiting.until) > now;
  const part = {
    kind: run.waiting ? "wait" : "slice",
    slice: (last?.slice ?? -1) + 1,
    lane: last?.lane ?? "0",
    startedAt: began,
    endedAt: isAhead ? run.waiting.until : new Date(Math.max(now, Date.parse(began))).toISOString(),
    reason: run.waiting?.reason,
    cause: run.waiting?.cause,
    isOpen: true,
  };
  return [part];
}

function label(part, attempt, lanes) {
  const lane = lanes > 1 ? `, lane ${Number(part.lane) + 1 || part.lane}` : "";
  const isNotions = part.cause === "rate_limited";
  if (part.kind === "wait") return `${isNotions ? "Notion’s limit" : "wait"}${lane}`;
  const again = attempt > 1 ? ` (${ORDINALS[attempt] ?? `${attempt}th`} try)` : "";
  return `slice ${part.slice + 1}${lane}${again}`;
}

function strip(part, name, start, share) {
  const bar = make("span", { class: `part ${part.kind}` });
  bar.style.left = `${Math.min(99.5, start * 100)}%`;
  bar.style.width = `${Math.max(0.5, share * 100)}%`;
  const took = make(
    "span",
    { class: "number" },
    part.isOpen && part.kind === "slice" ? "now" : duration(part.to - part.from),
  );
  const track = make("span", { class: "track", "aria-hidden": "true" }, bar);
  return make("li", part.reason ? { title: part.reason } : {}, make("span", {}, name), track, took);
}
