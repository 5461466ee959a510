// The table of runs, the newest first, each of which opens.

import { $, bdi, button, make, refill, row, say, shownOf, tone } from "./elements.js";
import { linked } from "./linked.js";
import { runView } from "./run.js";
import {
  ago,
  asker,
  clock,
  duration,
  elapsed,
  hasChanged,
  hasProblems,
  isUnderWay,
  number,
  result,
  scope,
  toneOf,
} from "./words.js";

const SHOWN_RUNS = 8;
const RUN_CELLS = [[""], [""], [""], [""], ["took", "number"], ["Notion", "number"], [""]];
const FILTERS = { all: () => true, changed: hasChanged, problems: hasProblems };

export const runs = {
  filter: "all",
  unfolded: new Set(),

  show(status, now) {
    const older = linked.beyond(status.runs);
    const all = older ? [...status.runs, older] : status.runs;
    const open = all.find((run) => run.runId === linked.id);
    if (open && linked.isAhead && !FILTERS[this.filter](open)) this.filter = "all";
    this.showFilters(status.runs);
    const found = all.filter(FILTERS[this.filter]);
    const few = shownOf(found.length, SHOWN_RUNS, $("more-runs"));
    const shown = found.filter((run, at) => at < few || run.runId === linked.id);
    this.fill(shown, now, open);
    $("runs").hidden = shown.length === 0;
    $("no-runs").hidden = shown.length > 0;
    say(
      $("no-runs"),
      status.runs.length
        ? "No run of this kind among the last 50."
        : "No sync has run yet. Sync now starts the first one.",
    );
    $("no-such-run").hidden = linked.told === "" || linked.asked !== linked.id;
    say($("no-such-run"), linked.told);
    if (linked.isAhead && (open || linked.told)) arrive();
  },

  showFilters(all) {
    for (const chip of $("filters").children) {
      chip.setAttribute("aria-pressed", chip.dataset.filter === this.filter);
      say(
        chip.querySelector(".count"),
        number.format(all.filter(FILTERS[chip.dataset.filter]).length),
      );
    }
  },

  choose(filter) {
    this.filter = filter;
  },

  /** One table body a run; those that are there stay, so that nothing moves. */
  fill(shown, now, open) {
    const bodies = [...$("runs").tBodies];
    for (const body of bodies.slice(shown.length)) body.remove();
    while ($("runs").tBodies.length < shown.length) $("runs").append(newBody());
    shown.forEach((run, at) => this.showRun($("runs").tBodies[at], run, now, run === open));
  },

  showRun(body, run, now, isOpen) {
    const [state, when, asked, what, took, requests, more] = body.rows[0].cells;
    body.rows[0].dataset.status = run.status;
    body.dataset.run = run.runId;
    if (!state.firstChild) state.append(make("span", { class: "status" }));
    tone(state.firstChild, toneOf(run));
    say(state.firstChild, result(run));
    state.title = run.errors[0]?.reason ?? "";
    say(when, ago(run.triggeredAt, now));
    when.title = clock.format(Date.parse(run.triggeredAt));
    refill(asked, asker(run), () => [make("span", { class: "tag" }, asker(run))]);
    refill(what, scope(run), () => [bdi(scope(run))]);
    what.title = scope(run);
    say(
      took,
      run.finishedAt || !run.startedAt || run.status === "failed"
        ? duration(run.durationMs)
        : elapsed(run, now),
    );
    say(requests, number.format(run.notionRequests));
    more.firstChild.setAttribute("aria-expanded", isOpen);
    this.showView(body, run, now, isOpen);
  },

  showView(body, run, now, isOpen) {
    if (!isOpen) return void body.rows[1]?.remove();
    if (!body.rows[1])
      body.append(
        make(
          "tr",
          { class: "view", role: "row" },
          make(
            "td",
            { colspan: "7", role: "cell" },
            make("div", { class: "card", tabindex: "-1" }),
          ),
        ),
      );
    const view = body.rows[1].querySelector(".card");
    view.setAttribute(
      "aria-label",
      `The run asked for on ${clock.format(Date.parse(run.triggeredAt))}`,
    );
    view.setAttribute("role", "group");
    const moment = isUnderWay(run) ? Math.floor(now / 1000) : new Date(now).toDateString();
    refill(view, JSON.stringify([run, moment, [...this.unfolded]]), () =>
      runView(run, now, this.unfolded, (name) => this.unfold(name)),
    );
  },

  unfold(name) {
    this.unfolded.add(name);
    document.dispatchEvent(new Event("shown"));
  },
};

function newBody() {
  const body = make("tbody", { role: "rowgroup" });
  const line = row(RUN_CELLS);
  line.className = "run";
  const press = () => {
    runs.unfolded.clear();
    linked.toggle(body.dataset.run);
    document.dispatchEvent(new Event("shown"));
  };
  line.cells[6].append(
    button("Details", "details", press, {
      class: "button quiet details",
      "aria-expanded": "false",
    }),
  );
  line.addEventListener(
    "click",
    (event) => event.target.closest("a, button") || getSelection().toString() || press(),
  );
  body.append(line);
  return body;
}

/** Brings the reader to the run that the address names. */
function arrive() {
  linked.isAhead = false;
  const view = $("runs").querySelector(".view .card") ?? $("no-such-run");
  view.scrollIntoView({ block: "center" });
  view.focus({ preventScroll: true });
}
