// The dashboard: asks /api/sync/status how things stand, shows it, asks /api/sync/trigger for syncs and
// /api/sync/cancel to end one.

import { deployment, Trouble } from "./dashboard/deployment.js";
import { $, say, tone } from "./dashboard/elements.js";
import { problems } from "./dashboard/problems.js";
import { watch } from "./dashboard/watch.js";

/** Does what a button asks for, once at a time, and says what came of it. */
async function act(button, ask) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    reply("good", await ask());
    await watch.hurry();
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.kind === "secret") watch.leave(trouble.message);
    else reply("bad", trouble.message);
  } finally {
    button.setAttribute("aria-busy", "false");
  }
}

function trigger(button, query) {
  problems.chosen = null;
  return act(button, async () => {
    const answer = await deployment.ask(`/api/sync/trigger?${new URLSearchParams(query)}`);
    return answer.message === "Sync already running" ? "A sync is under way; another one follows it." : `${answer.message}.`;
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

function reply(colour, text) {
  tone($("answer"), colour);
  say($("answer"), text);
}

$("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  deployment.keep($("secret").value.trim());
  say($("door-trouble"), "");
  await watch.hurry();
});
addEventListener("hashchange", () => deployment.takeFromLink() && watch.hurry());
$("leave").addEventListener("click", () => watch.leave());
$("sync").addEventListener("click", () => trigger($("sync"), {}));
$("force").addEventListener("click", () => trigger($("force"), { force: "1" }));
$("cancel").addEventListener("click", cancel);
$("one").addEventListener("submit", (event) => {
  event.preventDefault();
  trigger(event.submitter ?? $("one"), { page: $("page").value.trim() });
});
$("check-setup").addEventListener("click", async () => {
  if ($("check-setup").getAttribute("aria-busy") === "true") return;
  $("check-setup").setAttribute("aria-busy", "true");
  await watch.check().finally(() => $("check-setup").setAttribute("aria-busy", "false"));
});
document.addEventListener("wanted", (event) => trigger(event.target, event.detail));
for (const more of [$("more-runs"), $("more-problems")])
  more.addEventListener("click", () => {
    more.setAttribute("aria-expanded", more.getAttribute("aria-expanded") !== "true");
    watch.show();
  });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(watch.timer);
  else if (deployment.secret) watch.hurry();
});
addEventListener("online", () => deployment.secret && watch.hurry());
setInterval(() => document.hidden || watch.show(), 1000);

if (deployment.secret) watch.look();
else watch.leave();
