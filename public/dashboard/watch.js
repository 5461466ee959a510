// Keeps the board as things stand: asks how they do as often as it is worth it.

import { deployment, Trouble } from "./deployment.js";
import * as door from "./door.js";
import { $, say } from "./elements.js";
import { showNow, showWebhook } from "./now.js";
import { pace } from "./pace.js";
import { problems } from "./problems.js";
import { showRuns } from "./runs.js";
import { showSetup, tellChecked } from "./setup.js";
import { showSources } from "./sources.js";
import { showTrends } from "./trends.js";
import { counts } from "./words.js";

export const watch = {
  status: null,
  setup: [],
  timer: 0,
  failures: 0,
  quiet: 0,

  /** Asks once, shows the answer, and asks again when it is worth it. */
  async look() {
    clearTimeout(this.timer);
    try {
      const status = await deployment.ask("/api/sync/status");
      this.failures = 0;
      this.take(status);
      hideTrouble();
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      if (trouble.kind === "secret") return this.leave(trouble.message);
      this.failures += 1;
      showTrouble(trouble.message);
    }
    if (deployment.secret && !document.hidden) this.timer = setTimeout(() => this.look(), this.pause());
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
    this.status = null;
    hideTrouble();
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
    if (this.setup.length) this.status = null;
    else this.takeRuns(status);
    if ($("board").hidden) door.open();
    else if (hasTurned) door.greet();
  },

  takeRuns(status) {
    announce(this.status, status);
    this.status = status;
    if (status.active) this.quiet = 0;
    pace.note(status.active, deployment.now());
    this.show();
  },

  show() {
    if (!this.status) return;
    const now = deployment.now();
    showWebhook(this.status.webhook);
    showNow(this.status, now);
    showRuns(this.status, now);
    showTrends(this.status);
    showSources(this.status, now);
    problems.show(this.status, now);
    const run = this.status.active;
    document.title = run ? `${run.toSync ? Math.floor((run.synced / run.toSync) * 100) : 0}% · Notion → KV` : "Notion → KV";
  },
};

/** Tells a screen reader what has changed, once. */
function announce(before, after) {
  if (!before) return;
  const [was, is] = [before.active?.runId, after.active?.runId];
  if (is && was !== is) say($("news"), "A sync is under way.");
  if (!was || was === is) return;
  const ended = after.runs.find((run) => run.runId === was);
  if (ended) say($("news"), `The sync was ${ended.status}: ${counts(ended)}${ended.failed ? `, ${ended.failed} failed` : ""}.`);
}

function showTrouble(message) {
  say($("trouble"), message);
  $("trouble").hidden = false;
}

function hideTrouble() {
  $("trouble").hidden = true;
  say($("trouble"), "");
}
