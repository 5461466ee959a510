// What went wrong in a run, and what to do about it.

import { $, link, make, notion, say, shownOf } from "./elements.js";
import { ago, hasEnded, nameOf } from "./words.js";

const SHOWN_PROBLEMS = 5;
const NAMELESS = { page: "A page", database: "A database", source: "A source", run: "The whole run" };
const STAYS = "The last published version stays, and every sync tries again.";
const REMEDIES = {
  page: `${STAYS} Where Notion does not show the page, open it there and add the integration under ••• → Connections. If it keeps failing, the function’s log has the details under this page’s id.`,
  database: `${STAYS} Where Notion does not show the database, open it there and add the integration under ••• → Connections.`,
  source: "Its pages stay as they were published, and every sync tries again; the other sources are synced. Where Notion does not show the database, open it there and add the integration under ••• → Connections, or mend NOTION_SOURCES.",
};

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
  const title = make("h3", {}, nameOf(error) || NAMELESS[error.kind]);
  if (error.title && error.slug) title.append(" ", make("code", {}, error.slug));
  item.append(title, make("p", {}, error.reason));
  if (error.kind === "run") return item;
  item.append(make("p", { class: "soft" }, REMEDIES[error.kind]));
  const [label, query] = again(error);
  const button = make("button", { type: "button", class: "link" }, label);
  const wanted = new CustomEvent("wanted", { bubbles: true, detail: query });
  button.addEventListener("click", () => button.dispatchEvent(wanted));
  const pair = make("div", { class: "pair" }, button);
  if (error.pageId) pair.prepend(link(notion(error.pageId), "Open in Notion"));
  item.append(pair);
  return item;
}

/** What is pressed to try again, and what that asks for. What failed stays due, so any sync takes it up again. */
function again(error) {
  if (error.kind === "source") return ["Sync this source", { source: error.title }];
  const row = error.kind === "page" && error.slug && !error.slug.includes("/"); // only a row can be synced for itself
  return row ? ["Sync this page", { page: error.pageId }] : ["Sync again", {}];
}

function warning(text) {
  return make("li", { class: "card problem", "data-tone": "warn" }, make("p", {}, text));
}
