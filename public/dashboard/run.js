// One run, looked at closely: what it changed, its course, who asked for it, what went wrong.

import { button, link, make, sentence, slugs } from "./elements.js";
import { problem } from "./problems.js";
import { timeline } from "./timeline.js";
import { byWhom, changes, clock, countOf, decimal, number, scope, some } from "./words.js";

const CONSOLE = "https://console.upstash.com/qstash?messageId=";
const FEW_SLUGS = 10;
const FEW_PARTS = 12;
const FEW_PROBLEMS = 5;

/**
 * What stands in an open run. `unfolded` holds the names of the long lists that are shown whole.
 */
export function runView(run, now, unfolded, unfold) {
  const list = (name, items, few, last = false) => {
    if (items.length <= few || unfolded.has(name)) return [items, null];
    const shown = last ? items.slice(-few) : items.slice(0, few);
    return [
      shown,
      button(`Show all ${items.length}`, `unfold ${name}`, () => unfold(name), {
        class: "button quiet",
      }),
    ];
  };
  const [parts, moreParts] = list(
    "time line",
    run.timeline.length || run.startedAt ? drawn(run, now) : [],
    FEW_PARTS,
    true,
  );
  const [errors, moreErrors] = list("problems", run.errors, FEW_PROBLEMS);
  return [
    ...named("changed", run.changed, list),
    ...named("removed", run.removed, list, run.deleted),
    ...(changes(run) ? [] : [make("p", { class: "soft" }, "It changed nothing on the site.")]),
    ...(errors.length
      ? [make("ul", { class: "problems" }, ...errors.map((one) => problem(one, now))), moreErrors]
      : []),
    ...(parts.length
      ? [make("h3", {}, "Course"), moreParts, make("ol", { class: "timeline" }, ...parts)]
      : []),
    ...(run.warnings.length
      ? [
          make("h3", {}, "Notices"),
          make(
            "ul",
            { class: "notes" },
            ...run.warnings.map((text) => make("li", {}, ...sentence(text))),
          ),
        ]
      : []),
    facts(run),
  ].filter(Boolean);
}

const drawn = (run, now) =>
  run.timeline.length || run.status === "active" ? timeline(run, now) : [];

/** "3 pages changed: about, home, visit". */
function named(what, names, list, count = names.length) {
  if (!names.length)
    return count ? [make("p", {}, make("strong", {}, `${some(count, "page")} ${what}`))] : [];
  const [shown, more] = list(what, names, FEW_SLUGS);
  const total = count > names.length ? number.format(count) : countOf(names);
  const words = make("strong", {}, `${total} page${total === "1" ? "" : "s"} ${what}`);
  return [
    make("p", { class: "named" }, words, ": ", ...slugs(shown), ...(more ? [" … ", more] : [])),
  ];
}

function facts(run) {
  const throttled = run.notionThrottled
    ? `, ${number.format(run.notionThrottled)} answered “wait”`
    : "";
  const again = run.retries ? `, ${number.format(run.retries)} tried again` : "";
  const each = run.synced ? ` (${decimal.format(run.kvCommands / run.synced)} a page)` : "";
  const asked = clock.format(Date.parse(run.triggeredAt));
  const pairs = [
    ["Asked for", `${asked}${byWhom(run) && `,${byWhom(run)}`}`],
    ["Scope", scope(run)],
    ["Pages", `${number.format(run.synced)} read, ${number.format(run.unchanged)} unchanged`],
    ["Slices", `${number.format(run.slices)}${again}`],
    ["Notion requests", `${number.format(run.notionRequests)}${throttled}`],
    ["KV commands", `${number.format(run.kvCommands)}${each}`],
    [
      "QStash job",
      run.jobId
        ? link(CONSOLE + encodeURIComponent(run.jobId), run.jobId, {
            "aria-label": `Job ${run.jobId} in QStash’s console`,
            "data-focus": "job",
          })
        : "–",
    ],
    ["Run", make("a", { href: `#run=${run.runId}`, "data-focus": "run" }, run.runId)],
  ];
  return make(
    "dl",
    { class: "facts" },
    ...pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
  );
}
