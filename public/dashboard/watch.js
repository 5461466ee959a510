// Keeps the board as things stand: asks how they do as often as it is worth it.

import { deployment } from "./deployment.js";
import * as door from "./door.js";
import { drafts } from "./drafts.js";
import { $, say } from "./elements.js";
import { showFigures } from "./figures.js";
import { linked } from "./linked.js";
import { showNow } from "./now.js";
import { showOnePage } from "./one-page.js";
import { pace } from "./pace.js";
import { runs } from "./runs.js";
import { showSetup, tellChecked } from "./setup.js";
import { statusOf } from "./shape.js";
import { showSources } from "./sources.js";
import { showTrends } from "./trends.js";
import { Trouble } from "./trouble.js";
import { showWebhook } from "./webhook.js";
import { ago, result } from "./words.js";

const TITLE = "Notion → KV";
const BROKEN = "This page could not show what the deployment answered. Load it again.";

export const watch = {
  status: null,
  setup: [],
  timer: 0,
  looks: 0,
  failures: 0,
  quiet: 0,
  answeredAt: 0,

  /**
   * Asks once, shows the answer, and asks again when it is worth it. A later look takes over from
   * one under way.
   */
  async look() {
    clearTimeout(this.timer);
    const look = ++this.looks;
    try {
      const status = statusOf(await deployment.ask("/api/sync/status"));
      if (status.runs) await linked.fetch(status.runs);
      if (look !== this.looks) return;
      this.failures = 0;
      this.answeredAt = deployment.now();
      this.take(status);
      hideTrouble();
    } catch (trouble) {
      if (look !== this.looks) return;
      if (trouble.kind === "secret") return this.leave(trouble.message);
      this.failures += 1;
      showTrouble(trouble instanceof Trouble ? trouble.message : BROKEN);
      if (!(trouble instanceof Trouble)) reportError(trouble);
    }
    if (deployment.secret && !document.hidden)
      this.timer = setTimeout(() => this.look(), this.pause());
  },

  pause() {
    if (this.failures) return Math.min(60_000, 2500 * 2 ** this.failures);
    if (this.status?.active) return this.status.active.toSync > 2000 ? 3000 : 1000;
    this.quiet += 1;
    return Math.min(60_000, 5000 + 1000 * this.quiet);
  },

  hurry() {
    this.quiet = 0;
    return this.look();
  },

  /** Back to the door, with a word on why. */
  leave(message = "") {
    clearTimeout(this.timer);
    this.looks += 1; // what is under way is not shown any more
    this.status = null;
    say($("updated"), "");
    title(TITLE);
    hideTrouble();
    drafts.forget();
    deployment.keep(null);
    door.close(message);
  },

  /** Looks because somebody asked whether the settings are right now. */
  async check() {
    await this.hurry();
    if (!this.failures && this.setup.length) tellChecked(this.setup);
  },

  take(status) {
    this.setup = status.setup ?? [];
    const hasTurned = showSetup(this.setup);
    if ($("board").hidden) door.open();
    else if (hasTurned) door.greet();
    if (this.setup.length) this.status = null;
    else this.takeRuns(status);
  },

  takeRuns(status) {
    announce(this.status, status);
    this.status = status;
    if (status.active) this.quiet = 0;
    pace.note(status.active, deployment.now());
    this.show();
  },

  /** Shows how things stand now. In a tab that is hidden nothing moves, its title neither. */
  show() {
    if (!this.status || document.hidden) return;
    const now = deployment.now();
    say($("updated"), `Updated ${ago(new Date(this.answeredAt).toISOString(), now)}`);
    showWebhook(this.status.webhook, now);
    showNow(this.status, now);
    showFigures(this.status, now);
    showOnePage(this.status);
    runs.show(this.status, now);
    drafts.show(this.status, now);
    showTrends(this.status);
    showSources(this.status, now);
    title(titleOf(this.status.active));
  },

  /** The tab is hidden: what it says in its title would grow old. */
  rest() {
    clearTimeout(this.timer);
    if (this.status) title(TITLE);
  },

  /** Shows the run that the address names. */
  async follow() {
    if (!linked.follow() || !this.status) return;
    await linked.fetch(this.status.runs);
    this.show();
  },
};

/** The title says how far a run is. */
function titleOf(run) {
  if (!run) return TITLE;
  if (!run.toSync) return `… · ${TITLE}`;
  const share = (run.synced + run.failed) / run.toSync;
  return `${Math.floor(share * 100)}% · ${TITLE}`;
}

function title(text) {
  if (document.title !== text) document.title = text;
}

/** Tells a screen reader what has changed, once. */
function announce(before, after) {
  if (!before) return;
  const [was, is] = [before.active?.runId, after.active?.runId];
  if (is && was !== is) say($("news"), "A sync is under way.");
  if (!was || was === is) return;
  const ended = after.runs.find((run) => run.runId === was);
  if (ended) say($("news"), `The sync has ended. ${result(ended)}.`);
}

function showTrouble(message) {
  say($("trouble"), message);
  $("trouble").hidden = false;
}

function hideTrouble() {
  $("trouble").hidden = true;
  say($("trouble"), "");
}
