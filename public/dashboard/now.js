// The first card: how the site stands or what runs, what is not up to date, what to press, notices.

import { $, make, refill, say, sentence } from "./elements.js";
import { showOverdue } from "./problems.js";
import { showRun } from "./progress.js";
import { showVerdict } from "./verdict.js";
import { hasEnded, isWhole, number, some } from "./words.js";

export function showNow(status, now) {
  const { active, site } = status;
  $("now").classList.toggle("active", active !== null);
  if (active) showRun(active, site, now);
  else showVerdict(status, now);
  // Of names the first are enough: the run has all.
  $("detail").classList.toggle("names", active === null);
  showButtons(active, site);
  showOverdue(site.overdue, now);
  const last = status.runs.find((run) => hasEnded(run) && isWhole(run));
  showNotices([...new Set([...site.warnings, ...(last?.warnings ?? [])])]);
}

/** The first button does what helps most now. */
function showButtons(active, site) {
  const tries = active === null && site.state !== "blocked" ? site.overdue.length : 0;
  const held = [$("again"), $("cancel")].includes(document.activeElement)
    ? document.activeElement
    : null;
  $("again").hidden = tries === 0;
  if (tries)
    say($("again"), tries === 1 ? "Try this again" : `Try these ${number.format(tries)} again`);
  $("sync").classList.toggle("primary", tries === 0 && active === null);
  $("cancel").hidden = active === null;
  if (held?.hidden) $("headline").focus({ preventScroll: true });
}

/** Warnings need nobody at once: one line, which opens. */
function showNotices(warnings) {
  $("notices").hidden = warnings.length === 0;
  $("no-notices").hidden = warnings.length > 0;
  refill($("notices").querySelector("ul"), JSON.stringify(warnings), () =>
    warnings.map((text) => make("li", {}, ...sentence(text))),
  );
  refill($("notices").querySelector("summary"), JSON.stringify(warnings), () => [
    make("span", {}, some(warnings.length, "notice")),
    make("span", { class: "preview" }, ...sentence(warnings[0] ?? "")),
  ]);
}
