// The box for one page: what may be meant, from what the page has seen of the site. KV is not asked for more.

import { $, make, refill } from "./elements.js";

const MOST_SUGGESTIONS = 100;

export function showOnePage({ site, runs, previews }) {
  $("preview").hidden = !previews;
  const removed = new Set(runs.flatMap((run) => run.removed));
  const seen = [...site.overdue.map((one) => one.slug), ...runs.flatMap((run) => run.changed)];
  const known = [...new Set(seen)].filter((slug) => slug && !removed.has(slug)).slice(0, MOST_SUGGESTIONS);
  refill($("suggestions"), JSON.stringify(known), () => known.map((slug) => make("option", { value: slug })));
}

/** Marks what was asked for as no page, until it is written anew. */
export function mark(isUnknown) {
  if (isUnknown) $("page").setAttribute("aria-invalid", "true");
  else $("page").removeAttribute("aria-invalid");
}
