// The run that the address names, as in `#run=run_40ea…`: open wherever it stands, also where it is
// older than the list.

import { deployment } from "./deployment.js";
import { runOf } from "./shape.js";
import { Trouble } from "./trouble.js";

const NAMED = /^#run=([\w-]+)$/;

export const linked = {
  /** The id of the open run; "" where none is open. */
  id: NAMED.exec(location.hash)?.[1] ?? "",
  /** Whether the page has still to be brought there. */
  isAhead: NAMED.test(location.hash),
  run: null,
  asked: "",
  told: "",

  /** Opens the run that the address names now. Whether it names one. */
  follow() {
    const found = NAMED.exec(location.hash)?.[1];
    if (found) [this.id, this.isAhead] = [found, true];
    return found !== undefined;
  },

  /** Opens or closes a run; the address says so, to be sent to somebody. */
  toggle(runId) {
    this.id = this.id === runId ? "" : runId;
    history.replaceState(
      null,
      "",
      this.id ? `#run=${this.id}` : location.pathname + location.search,
    );
  },

  /** Asks once for a run that is not among the newest. */
  async fetch(runs) {
    if (!this.id || this.asked === this.id || runs.some((run) => run.runId === this.id)) return;
    [this.asked, this.run, this.told] = [this.id, null, ""];
    try {
      this.run = runOf(
        await deployment.ask(`/api/sync/status?${new URLSearchParams({ run: this.id })}`),
      );
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      this.told = trouble.message;
      if (trouble.kind === "offline") this.asked = "";
    }
  },

  /** The open run, where it is not among these. */
  beyond(runs) {
    return this.run?.runId === this.id && !runs.some((run) => run.runId === this.id)
      ? this.run
      : null;
  },
};
