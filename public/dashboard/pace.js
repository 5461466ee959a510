// How fast a run goes.

const RATE_WINDOW_MS = 20_000;

export const pace = {
  run: null,
  samples: [],

  note(run, at) {
    if (run?.runId !== this.run) [this.run, this.samples] = [run?.runId, []];
    if (!run) return;
    this.samples.push({ at, synced: run.synced });
    while (this.samples.length > 2 && at - this.samples[1].at > RATE_WINDOW_MS) this.samples.shift();
  },

  /** Pages per second over the last while; 0 where nobody knows. */
  get rate() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    return last && last.at > first.at ? ((last.synced - first.synced) * 1000) / (last.at - first.at) : 0;
  },

  /** Milliseconds without a new page. */
  standstill(at) {
    const last = this.samples.at(-1);
    const since = this.samples.find((sample) => sample.synced === last.synced);
    return since ? at - since.at : 0;
  },
};
