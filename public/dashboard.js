// The dashboard: asks /api/sync/status how things stand, shows it, asks /api/sync/trigger for syncs
// and /api/sync/cancel to end one.

import { copy } from "./dashboard/copy.js";
import { deployment } from "./dashboard/deployment.js";
import { drafts } from "./dashboard/drafts.js";
import { $, link, say, tone } from "./dashboard/elements.js";
import { mark } from "./dashboard/one-page.js";
import { triesOf } from "./dashboard/problems.js";
import { runs } from "./dashboard/runs.js";
import { Trouble } from "./dashboard/trouble.js";
import { watch } from "./dashboard/watch.js";

/**
 * Does what a button asks for, once at a time, and says what came of it. Whether it was refused.
 */
async function act(button, ask) {
  if (button.getAttribute("aria-busy") === "true") return false;
  button.setAttribute("aria-busy", "true");
  try {
    reply("good", await ask());
    // Not awaited: the button may be pressed again while the status is on its way.
    watch.hurry();
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.kind === "secret") watch.leave(trouble.message);
    else reply("bad", trouble.message);
    return trouble.kind === "refused";
  } finally {
    button.setAttribute("aria-busy", "false");
  }
  return false;
}

/** Asks for a sync of each of these. */
function trigger(button, queries) {
  return act(button, async () => {
    const answers = [];
    for (const query of queries)
      answers.push(await deployment.ask(`/api/sync/trigger?${new URLSearchParams(query)}`));
    if (answers.some(({ message }) => message === "Sync already running"))
      return "A sync is under way; another one follows it.";
    return `${answers[0].message}.`;
  });
}

function cancel() {
  const run = watch.status?.active;
  if (!run) return;
  act($("cancel"), async () => {
    await deployment.ask(`/api/sync/cancel?${new URLSearchParams({ run: run.runId })}`, "POST");
    return "The sync is cancelled. What it had published stays; the next one goes on from there.";
  });
}

/** Makes a link to what a page shows before it is published. */
function linkToPreview() {
  if (!$("page").reportValidity()) return;
  act($("preview"), async () => {
    const wanted = new URLSearchParams({ preview: $("page").value.trim() });
    const { preview } = await deployment.ask(`/api/sync/status?${wanted}`);
    return ["Good for an hour: ", link(preview.url, `Preview of ${preview.slug}`)];
  });
}

/** Says what came of it: a text, or texts and elements. */
function reply(colour, words) {
  tone($("answer"), colour);
  $("answer").replaceChildren(...[words].flat());
  if (colour === "bad") $("answer").scrollIntoView({ block: "nearest" });
}

$("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  deployment.keep($("secret").value.trim());
  say($("door-trouble"), "");
  await watch.hurry();
});
addEventListener("hashchange", () => deployment.takeFromLink() && watch.hurry());
$("leave").addEventListener("click", () => watch.leave());
$("sync").addEventListener("click", () => trigger($("sync"), [{}]));
$("again").addEventListener("click", () =>
  trigger($("again"), triesOf(watch.status?.site.overdue ?? [])),
);
$("force").addEventListener("click", () => trigger($("force"), [{ force: "1" }]));
$("cancel").addEventListener("click", cancel);
$("one").addEventListener("submit", async (event) => {
  event.preventDefault();
  mark(await trigger(event.submitter ?? $("one"), [{ page: $("page").value.trim() }]));
});
$("preview").addEventListener("click", linkToPreview);
$("page").addEventListener("input", () => mark(false));
$("check-setup").addEventListener("click", async () => {
  if ($("check-setup").getAttribute("aria-busy") === "true") return;
  $("check-setup").setAttribute("aria-busy", "true");
  await watch.check().finally(() => $("check-setup").setAttribute("aria-busy", "false"));
});
document.addEventListener("wanted", (event) => trigger(event.target, event.detail));
document.addEventListener("shown", () => watch.show());
document.addEventListener("click", ({ target }) => {
  const pressed = target.closest?.("[data-copy]");
  if (pressed) copy(pressed);
});
$("show-drafts").addEventListener("click", () => {
  drafts.toggle();
  watch.show();
});
for (const more of [$("more-runs"), $("more-problems"), $("more-drafts")])
  more.addEventListener("click", () => {
    more.setAttribute("aria-expanded", more.getAttribute("aria-expanded") !== "true");
    watch.show();
  });
$("filters").addEventListener("click", (event) => {
  const chip = event.target.closest("button");
  if (chip) runs.choose(chip.dataset.filter);
  watch.show();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) watch.rest();
  else if (deployment.secret) watch.hurry();
});
addEventListener("hashchange", () => watch.follow());
addEventListener("online", () => deployment.secret && watch.hurry());
setInterval(() => document.hidden || watch.show(), 1000);

say($("host"), location.host);
if (deployment.secret) watch.look();
else watch.leave();
