// The verdict: whether the site is up to date, what is not, and what runs.

import { $, make, refill, say, sentence, slugs, tone } from "./elements.js";
import { pace } from "./pace.js";
import { showOverdue } from "./problems.js";
import {
  ago,
  byWhom,
  capital,
  changes,
  decimal,
  hasChanged,
  hasEnded,
  isWhole,
  number,
  some,
  span,
  things,
  whole,
} from "./words.js";

const SIGNS = {
  good: "M4.5 8.4l2.3 2.3 4.7-5",
  warn: "M8 4.2v4.6M8 11.4v.3",
  bad: "M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4",
  busy: "M11.9 6.2A4.3 4.3 0 1 0 12.3 8.6M12.2 3.6v2.8H9.4",
  wait: "M8 4.4V8l2.4 1.5",
  idle: "M5 8h6",
};
const MOST_SHOWN = 50;
const NAMED = 4;

export function showNow(status, now) {
  const { active, site } = status;
  $("now").classList.toggle("active", active !== null);
  if (active) showRun(active, site, now);
  else showVerdict(status, now);
  // Of names the first are enough: the run has all.
  $("detail").classList.toggle("names", active === null);
  showButtons(active, site);
  showOverdue(site.overdue, now);
  const last = status.runs.find((run) => hasEnded(run) && isWhole(run));
  showNotices([...new Set([...site.warnings, ...(last?.warnings ?? [])])]);
}

/** The run under way: how far it is, how long yet, and what it waits for. */
function showRun(run, site, now) {
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
  if (!/request budget/.test(waiting.reason ?? ""))
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
  const told = run.warnings.findLast((text) => text.startsWith("QStash"));
  if (run.status === "pending") return told ?? "";
  const stands = run.remaining > 0 && pace.standstill(now) > 8000;
  return stands ? (told ?? "No new page for a while. The run goes on by itself.") : "";
}

/** Whether the site is up to date, whatever the newest run was about. */
function showVerdict({ site, runs }, now) {
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

function head(sign, text) {
  tone($("now"), sign === "wait" ? "warn" : sign);
  if ($("sign").dataset.sign !== sign) {
    $("sign").dataset.sign = sign;
    $("sign").querySelector("path").setAttribute("d", SIGNS[sign]);
  }
  $("headline").classList.toggle("long", text.length > 60);
  refill($("headline"), text, () => sentence(text));
}

function line(id, text) {
  refill($(id), text, () => sentence(text));
}

/** The bar along the card’s edge, while there is something to fill it with. */
function fill(share, waits) {
  $("progress").classList.toggle("waits", waits);
  $("progress").hidden = !$("now").classList.contains("active");
  $("progress").classList.toggle("unknown", share === null);
  $("bar").style.transform = share === null ? "" : `translateX(${(share - 1) * 100}%)`;
  if (share === null) $("progress").removeAttribute("aria-valuenow");
  else $("progress").setAttribute("aria-valuenow", Math.round(share * 100));
}

/** The first button does what helps most now. */
function showButtons(active, site) {
  const tries = active === null && site.state !== "blocked" ? site.overdue.length : 0;
  const held = [$("again"), $("cancel")].includes(document.activeElement)
    ? document.activeElement
    : null;
  $("again").hidden = tries === 0;
  if (tries)
    say($("again"), tries === 1 ? "Try this again" : `Try these ${number.format(tries)} again`);
  $("sync").classList.toggle("primary", tries === 0 && active === null);
  $("cancel").hidden = active === null;
  if (held?.hidden) $("headline").focus({ preventScroll: true });
}

/** Warnings need nobody at once: one line, which opens. */
function showNotices(warnings) {
  $("notices").hidden = warnings.length === 0;
  $("no-notices").hidden = warnings.length > 0;
  refill($("notices").querySelector("ul"), JSON.stringify(warnings), () =>
    warnings.map((text) => make("li", {}, ...sentence(text))),
  );
  refill($("notices").querySelector("summary"), JSON.stringify(warnings), () => [
    make("span", {}, some(warnings.length, "notice")),
    make("span", { class: "preview" }, ...sentence(warnings[0] ?? "")),
  ]);
}

const WEBHOOK_HOW_TO =
  "Paste this token into the webhook’s verification form in Notion, and set NOTION_WEBHOOK_TOKEN" +
  " to it, so that only Notion’s own calls count.";

/**
 * The webhook’s address while nobody has set it up, and the token that Notion wants to get back.
 */
export function showWebhook({ address, state, token }) {
  $("webhook").hidden = state !== "pending";
  say($("webhook-how"), WEBHOOK_HOW_TO);
  say($("webhook-token"), token ?? "");
  $("webhook-unset").hidden = state !== "unset";
  say($("webhook-address"), address ?? "");
}
