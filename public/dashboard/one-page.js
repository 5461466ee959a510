// The box for one page: what may be meant, what is behind and what changed lately first. KV is not
// asked for more.

import { $, make, refill } from "./elements.js";

const MOST_SUGGESTIONS = 200;

export function showOnePage({ site, runs, previews }) {
  $("preview").hidden = !previews;
  const removed = new Set(runs.flatMap((run) => run.removed));
  const seen = [...site.overdue.map((one) => one.slug), ...runs.flatMap((run) => run.changed)];
  const there = seen.filter((slug) => slug && !removed.has(slug));
  const known = [...new Set([...there, ...site.slugs])].slice(0, MOST_SUGGESTIONS);
  refill($("suggestions"), JSON.stringify(known), () =>
    known.map((slug) => make("option", { value: slug })),
  );
}

/** Marks what was asked for as no page, until it is written anew. */
export function mark(isUnknown) {
  if (isUnknown) $("page").setAttribute("aria-invalid", "true");
  else $("page").removeAttribute("aria-invalid");
}
