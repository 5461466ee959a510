// Drafts that have a preview, each with a link that shows it for an hour to whoever has it. KV is
// asked for them once they are to be seen.

import { deployment } from "./deployment.js";
import { $, bdi, button, link, make, refill, say, shownOf, tone } from "./elements.js";
import { draftsOf } from "./shape.js";
import { Trouble } from "./trouble.js";
import { clock, coming, number, some } from "./words.js";

const SHOWN_DRAFTS = 8;
/** After so long they are asked for anew, so that no link is near its end. */
const FRESH_MS = 30 * 60_000;
const FATES = {
  draft: () => "draft",
  waiting: ({ until }, now) => (until ? `published ${coming(until, now)}` : "its date is ahead"),
  over: () => "its date is over",
  paused: () => "paused: the last version stays",
};

export const drafts = {
  isOpen: false,
  found: null,
  told: "",
  /** What the list was asked after: the newest run that had ended. */
  after: null,
  askedAt: 0,

  show({ previews, runs }, now) {
    $("drafts").hidden = !previews;
    $("drafts-room").hidden = !this.isOpen;
    $("show-drafts").setAttribute("aria-expanded", this.isOpen);
    say($("show-drafts"), this.isOpen ? "Hide" : "Show");
    if (!previews || !this.isOpen) return;
    const newest = runs.find((run) => run.finishedAt)?.runId ?? "";
    if (this.after !== newest || now - this.askedAt > FRESH_MS) this.fetch(newest, now);
    this.fill(now);
  },

  toggle() {
    this.isOpen = !this.isOpen;
    this.after = null;
  },

  /** Whoever locks the page leaves no link behind. */
  forget() {
    [this.isOpen, this.found, this.after] = [false, null, null];
    this.fill(0);
  },

  async fetch(newest, now) {
    [this.after, this.askedAt] = [newest, now];
    try {
      const found = draftsOf(await deployment.ask("/api/sync/status?drafts=1"));
      if (this.after === newest) [this.found, this.told] = [found, ""];
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      this.told = trouble.message;
    }
    document.dispatchEvent(new Event("shown"));
  },

  fill(now) {
    const found = this.found?.drafts ?? [];
    tone($("drafts-told"), this.told ? "bad" : null);
    say($("drafts-told"), this.told || (this.found ? about(this.found) : "Looking …"));
    const count = shownOf(found.length, SHOWN_DRAFTS, $("more-drafts"));
    $("draft-list").hidden = found.length === 0;
    const shown = found.slice(0, count);
    refill($("draft-list"), JSON.stringify([shown, new Date(now).toDateString()]), () =>
      shown.map((one, at) => draft(one, at, now)),
    );
  },
};

/** How many there are, and until when their links are good. */
function about({ drafts, total, expiresAt }) {
  if (!drafts.length) return "No page waits to be published.";
  const more = total > drafts.length ? `, ${number.format(drafts.length)} of them here` : "";
  const until = clock.format(Date.parse(expiresAt));
  return `${some(total, "page")} with a preview${more}. The links are good until ${until}.`;
}

function draft(one, at, now) {
  const name = one.title || one.slug;
  const title = make("h3", {}, bdi(name));
  if (one.title) title.append(" ", make("code", { dir: "auto" }, one.slug));
  const fate = (Object.hasOwn(FATES, one.why) ? FATES[one.why] : FATES.draft)(one, now);
  title.append(" ", make("span", { class: "fate", "data-tone": "idle" }, fate));
  const id = `preview-${at}`;
  const open = link(one.url, "Preview", {
    id,
    class: "button",
    "data-focus": `preview ${one.pageId}`,
    "aria-label": `Preview: ${name}`,
  });
  const copy = button("Copy link", `copy ${one.pageId}`, () => {}, {
    "data-copy": id,
    "aria-label": `Copy link: ${name}`,
  });
  return make("li", { class: "problem" }, title, make("div", { class: "buttons" }, open, copy));
}
