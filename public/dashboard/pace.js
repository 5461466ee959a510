// How fast a run goes, and how long it takes yet.

const RATE_WINDOW_MS = 20_000;
const MINUTE_MS = 60_000;

export const pace = {
  run: null,
  samples: [],

  /** Takes note of how far a run is. While it waits, nothing is learned about its speed. */
  note(run, at) {
    if (run?.runId !== this.run) [this.run, this.samples] = [run?.runId, []];
    if (!run || run.waiting) return;
    this.samples.push({ at, done: run.synced + run.failed });
    while (this.samples.length > 2 && at - this.samples[1].at > RATE_WINDOW_MS)
      this.samples.shift();
  },

  /**
   * Pages per second while it works: over the last while, else over its slices; 0 where it is not
   * known.
   */
  rate(run) {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (last && last.done > first.done)
      return ((last.done - first.done) * 1000) / (last.at - first.at);
    const worked = run.timeline
      .filter((part) => part.kind === "slice")
      .map((part) => Date.parse(part.endedAt) - Date.parse(part.startedAt));
    const total = worked.reduce((sum, ms) => sum + ms, 0);
    return total > 0 && run.slices <= worked.length
      ? ((run.synced + run.failed) * 1000) / total
      : 0;
  },

  /**
   * Milliseconds until the end, the waits for Notion’s minutes counted in; null where it is not
   * known.
   */
  left(run, budget, now) {
    const rate = this.rate(run);
    const done = run.synced + run.failed;
    if (!rate || !run.remaining || !done) return null;
    const work = (run.remaining / rate) * 1000;
    const wait = run.waiting ? Math.max(0, Date.parse(run.waiting.until) - now) : 0;
    const requests = run.remaining * (run.notionRequests / done);
    if (!budget.limit) return wait + work;
    const resets = budget.resetsAt ? Math.max(0, Date.parse(budget.resetsAt) - now) : MINUTE_MS;
    const free = run.waiting ? 0 : Math.max(0, budget.limit - budget.used);
    if (requests <= free) return work;
    // Whole minutes that are used up after the next begins.
    const minutes = Math.ceil((requests - free) / budget.limit) - 1;
    const last = (requests - free - minutes * budget.limit) / requests;
    return Math.max(wait, resets) + minutes * MINUTE_MS + last * work;
  },

  /** Milliseconds without a new page. */
  standstill(at) {
    const last = this.samples.at(-1);
    const since = this.samples.find((sample) => sample.done === last.done);
    return since ? at - since.at : 0;
  },
};
