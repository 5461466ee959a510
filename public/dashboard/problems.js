// What could not be read: one row each, with why, and what to do about it.

import { $, bdi, button, link, make, notion, refill, sentence, shownOf } from "./elements.js";
import { nameOf, since } from "./words.js";

const SHOWN_PROBLEMS = 5;
/** So many are tried one by one; more by a sync of everything, which takes up all that failed. */
const FEW = 5;
const NAMELESS = {
  page: "A page",
  database: "A database",
  source: "A source",
  run: "The whole run",
};
const SOURCE_STAYS = "Its pages stay as they were published, and every sync tries again.";
const CONNECT = "In Notion: ••• → Connections → add the integration.";
/** What to do about a cause, whatever its reason says. Of a source that names what to mend. */
const REMEDIES_BY_CAUSE = {
  unshared: { source: SOURCE_STAYS, page: CONNECT },
  unanswered: { source: SOURCE_STAYS, page: "Every sync tries again." },
  too_large: { page: "Trying again is of no use before." },
  fault: { page: "That is a fault of this project: report it, with what the function’s log says." },
};
/** What to do about all others. */
const REMEDIES = {
  page: "Every sync tries again; the function’s log has the details.",
  database: "Every sync tries again; the function’s log has the details.",
  source: SOURCE_STAYS,
  run: "",
};

/** The rows inside the verdict’s card: what is not up to date on the site. */
export function showOverdue(overdue, now) {
  const list = $("overdue");
  list.hidden = overdue.length === 0;
  const count = shownOf(overdue.length, SHOWN_PROBLEMS, $("more-problems"));
  const shown = overdue.slice(0, count);
  refill(list, JSON.stringify([shown, new Date(now).toDateString()]), () =>
    shown.map((one) => problem(one, now)),
  );
}

/** What a press asks for, so that just these are tried again. */
export function triesOf(overdue) {
  const tries = overdue.map(tryOf);
  return tries.length <= FEW && tries.every((query) => query.page || query.source) ? tries : [{}];
}

/** What failed stays due, so any sync takes it up again. */
function tryOf(error) {
  if (error.kind === "source" && error.title) return { source: error.title };
  return error.kind === "page" && error.pageId ? { page: error.pageId } : {};
}

/**
 * One row. `error.published`, where it is known, says whether an older version of it is on the
 * site.
 */
export function problem(error, now) {
  const name = nameOf(error);
  const title = make("h3", {}, name ? bdi(name) : (NAMELESS[error.kind] ?? "Something"));
  if (error.title && error.slug) title.append(" ", make("code", { dir: "auto" }, error.slug));
  if (typeof error.published === "boolean" && error.kind === "page")
    title.append(" ", fate(error.published));
  if (error.since)
    title.append(" ", make("span", { class: "since" }, `since ${since(error.since, now)}`));
  const item = make(
    "li",
    { class: "problem" },
    make("div", {}, title, make("p", {}, ...sentence(why(error)))),
  );
  if (error.kind === "run") return item;
  const key = `${error.kind} ${error.pageId ?? error.title}`;
  const press = (event) =>
    event.target.dispatchEvent(
      new CustomEvent("wanted", { bubbles: true, detail: [tryOf(error)] }),
    );
  const again = button("Try again", `again ${key}`, press, {
    "aria-label": `Try again: ${name || NAMELESS[error.kind]}`,
  });
  const buttons = make("div", { class: "buttons" }, again);
  if (error.pageId)
    buttons.prepend(
      link(notion(error.pageId), "Open in Notion", {
        class: "button",
        "data-focus": `open ${key}`,
      }),
    );
  item.append(buttons);
  return item;
}

const fate = (published) =>
  make(
    "span",
    { class: "fate", "data-tone": published ? "idle" : "bad" },
    published ? "last version stays" : "never published",
  );

/** Why, and what to do. */
function why({ kind, reason, cause }) {
  const said = reason.replace(/[\s.]+$/, "") || "It could not be read";
  const remedies = Object.hasOwn(REMEDIES_BY_CAUSE, cause) ? REMEDIES_BY_CAUSE[cause] : REMEDIES;
  return [`${said}.`, remedies[kind] ?? remedies.page].filter(Boolean).join(" ");
}
