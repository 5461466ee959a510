// Whether the site is up to date, and what is not.

import { fill, head, line } from "./card.js";
import { $, make, refill, slugs } from "./elements.js";
import {
  ago,
  capital,
  changes,
  hasChanged,
  hasEnded,
  isWhole,
  number,
  some,
  span,
  things,
} from "./words.js";

const MOST_SHOWN = 50;
const NAMED = 4;

/** Whether the site is up to date, whatever the newest run was about. */
export function showVerdict({ site, runs }, now) {
  fill(null, false);
  const checked = site.lastFullRunAt
    ? `Checked ${ago(site.lastFullRunAt, now)}`
    : "Not checked as a whole yet";
  switch (site.state) {
    case "current":
      head("good", "Your site is up to date");
      line("subline", `${checked}. ${found(runs)}`);
      break;
    case "behind":
      head("warn", `${lateOnes(site.overdue)} not up to date on your site`);
      line("subline", standing(site));
      break;
    case "stale":
      head(
        "warn",
        site.lastFullRunAt
          ? `Not checked for ${span(now - Date.parse(site.lastFullRunAt))}`
          : "Not checked as a whole yet",
      );
      line("subline", "What is published may be older than Notion. Sync now looks at everything.");
      break;
    case "blocked":
      head("bad", ["Nothing can be published", obstacle(runs)].filter(Boolean).join(": "));
      line(
        "subline",
        `${some(site.pages, "page")} on your site` +
          ` ${site.pages === 1 ? "stays" : "stay"} as published. ${checked}.`,
      );
      break;
    case "empty":
      head("idle", "No sync yet");
      line("subline", "Press Sync now to fill KV from Notion.");
      break;
    default:
      head("idle", "It is not known whether your site is up to date");
      line("subline", `${checked}. Load this page again: the deployment may be newer.`);
  }
  showLastChange(
    runs.find((run) => hasEnded(run) && run.changed.length),
    now,
  );
}

/** "2 pages are", "50 pages or more are". */
function lateOnes(overdue) {
  const more = overdue.length >= MOST_SHOWN ? " or more" : "";
  return `${things(overdue)}${more} ${overdue.length === 1 ? "is" : "are"}`;
}

/** What the last look at everything found. */
function found(runs) {
  const last = runs.find((run) => hasEnded(run) && isWhole(run));
  if (!last) return "";
  return hasChanged(last)
    ? `${capital(changes(last))}, and that is published.`
    : "Nothing had changed.";
}

/** What visitors see while something is behind. */
function standing({ overdue, pages }) {
  const late = overdue.filter((one) => one.kind === "page");
  if (!late.length) return "The pages that are published stay.";
  const kept = late.filter((one) => one.published === true);
  const never = late.filter((one) => one.published === false);
  const others = Math.max(0, pages - kept.length);
  return [
    `${number.format(others)} ${others === 1 ? "other is" : "others are"}.`,
    kept.length ? `Visitors see the last good version of ${number.format(kept.length)}.` : "",
    never.length ? `${subject(never)} never published.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** "“Visit” was", "1 was", "2 were". */
function subject(pages) {
  if (pages.length > 1) return `${number.format(pages.length)} were`;
  return pages[0].title ? `“${pages[0].title}” was` : "1 was";
}

/** Why the last look at everything failed. */
const obstacle = (runs) =>
  runs
    .find((run) => run.status === "failed" && isWhole(run))
    ?.errors[0]?.reason.replace(/[\s.]+$/, "");

function showLastChange(run, now) {
  const names = run?.changed.slice(0, NAMED) ?? [];
  const when = run ? ago(run.triggeredAt, now) : "";
  refill($("detail"), JSON.stringify([run?.runId, names, when]), () =>
    run
      ? [
          make("a", { href: `#run=${run.runId}`, "data-focus": "last-change" }, "Last change"),
          ` ${when}: `,
          ...slugs(names),
          ...(run.changed.length > NAMED
            ? [` and ${number.format(run.changed.length - NAMED)} more`]
            : []),
        ]
      : [],
  );
}
