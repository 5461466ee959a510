// What went wrong in a run, and what to do about it.

import { $, link, make, notion, say, shownOf } from "./elements.js";
import { ago, hasEnded } from "./words.js";

const SHOWN_PROBLEMS = 5;

export const problems = {
  chosen: null,
  shown: [],

  show(status, now) {
    this.shown = [status, now];
    const newest = status.runs.find((run) => hasEnded(run) || run.errors.length);
    const run = status.runs.find((one) => one.runId === this.chosen) ?? newest;
    const [errors, warnings] = [run?.errors ?? [], run?.warnings ?? []];
    const count = shownOf(errors.length + warnings.length, SHOWN_PROBLEMS, $("more-problems"));
    say($("problems-of"), run ? `of the run asked for ${ago(run.triggeredAt, now)}` : "");
    $("no-problems").hidden = errors.length + warnings.length > 0;
    const key = JSON.stringify([run?.runId, errors, warnings, count]);
    if ($("problem-list").dataset.key === key) return;
    $("problem-list").dataset.key = key;
    $("problem-list").replaceChildren(...[...errors.map(problem), ...warnings.map(warning)].slice(0, count));
  },

  /** Shows those of one run, wherever the reader is on the page. */
  choose(runId) {
    this.chosen = runId;
    this.show(...this.shown);
    $("problems").scrollIntoView({ behavior: "smooth" });
    $("problems").focus({ preventScroll: true });
  },
};

function problem(error) {
  const item = make("li", { class: "card problem", "data-tone": "bad" });
  const title = make("h3", {}, error.title || error.slug || (error.pageId ? "A page" : "The whole run"));
  if (error.title && error.slug) title.append(" ", make("code", {}, error.slug));
  item.append(title, make("p", {}, error.reason));
  if (error.pageId === null) return item;
  item.append(make("p", { class: "soft" }, remedy(error)));
  // A page that failed stays due, so any sync takes it up again; only a row can be synced for itself.
  const alone = error.slug && !error.slug.includes("/");
  const again = make("button", { type: "button", class: "link" }, alone ? "Sync this page" : "Sync again");
  const wanted = new CustomEvent("wanted", { bubbles: true, detail: alone ? { page: error.pageId } : {} });
  again.addEventListener("click", () => again.dispatchEvent(wanted));
  item.append(make("div", { class: "pair" }, link(notion(error.pageId), "Open in Notion"), again));
  return item;
}

function remedy(error) {
  return error.reason.startsWith("Notion does not show it")
    ? "Open it in Notion and add the integration under ••• → Connections, then sync it again. Until then the last published version stays."
    : "The last published version stays, and every sync tries again. If it keeps failing, the function’s log has the details under this page’s id.";
}

function warning(text) {
  return make("li", { class: "card problem", "data-tone": "warn" }, make("p", {}, text));
}
