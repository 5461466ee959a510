// The dashboard: asks /api/sync/status how things stand, shows it, and asks /api/sync/trigger for syncs.
// All text goes into the page by `textContent`, so nothing that stands in Notion can become markup.

const CONSOLE = "https://console.upstash.com/qstash?messageId=";
const NOTION = "https://www.notion.so/";
const SHOWN_RUNS = 8;
const CHARTED_RUNS = 30;
const RATE_WINDOW_MS = 20_000;

const $ = (id) => document.getElementById(id);

// --- Words and numbers ---------------------------------------------------------------------------------------------

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
const number = new Intl.NumberFormat(LANGUAGE);
const decimal = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto", style: "narrow" });
const clock = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
const unit = Object.fromEntries(
  ["millisecond", "second", "minute", "hour"].map((name) => [
    name,
    new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: 1 }),
  ]),
);

const some = (count, thing) => `${number.format(count)} ${thing}${count === 1 ? "" : "s"}`;

function duration(ms) {
  if (ms === null) return "–";
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return unit.millisecond.format(Math.round(ms));
  if (seconds < 10) return unit.second.format(seconds);
  const whole = Math.round(seconds);
  if (whole < 60) return unit.second.format(whole);
  if (whole < 3600) return `${unit.minute.format(Math.floor(whole / 60))} ${unit.second.format(whole % 60)}`;
  return `${unit.hour.format(Math.floor(whole / 3600))} ${unit.minute.format(Math.floor((whole % 3600) / 60))}`;
}

/** How long a run has been under way, in whole seconds. */
const elapsed = (run, now) => duration(Math.max(1000, Math.floor((now - Date.parse(run.startedAt)) / 1000) * 1000));

function ago(iso, now) {
  const seconds = (Date.parse(iso) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  if (size < 60) return relative.format(Math.trunc(seconds / 10) * 10, "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

const TONES = { delivered: "good", active: "busy", pending: "warn", failed: "bad" };

const hasEnded = (run) => run.status === "delivered" || run.status === "failed";

function scope(run) {
  const [kind, name] = [run.scope.split(":", 1)[0], run.scope.slice(run.scope.indexOf(":") + 1)];
  const what = kind === "page" ? name : kind === "source" ? `all ${name}` : "everything";
  return run.force ? `${what}, forced` : what;
}

function counts(run) {
  const said = [`${number.format(run.synced)} synced`];
  if (run.unchanged) said.push(`${number.format(run.unchanged)} unchanged`);
  if (run.deleted) said.push(`${number.format(run.deleted)} deleted`);
  return said.join(" · ");
}

// --- Elements ------------------------------------------------------------------------------------------------------

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tone(element, name) {
  if (name) element.dataset.tone = name;
  else delete element.dataset.tone;
}

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function link(address, text, label) {
  return make("a", { href: address, target: "_blank", rel: "noopener", ...(label && { "aria-label": label }) }, text);
}

/** Makes a table body hold `count` rows of these cells; rows that are there stay, so that nothing moves. */
function rows(body, count, labels) {
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) {
    const cells = labels.map(([label, kind]) =>
      make("td", { role: "cell", ...(label && { "data-label": label }), ...(kind && { class: kind }) }),
    );
    body.append(make("tr", { role: "row" }, ...cells));
  }
  return [...body.rows];
}

// --- The deployment ------------------------------------------------------------------------------------------------

/** What kept an answer from coming: `kind` is secret, refused, broken or offline. */
class Trouble extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

const deployment = {
  secret: sessionStorage.getItem("secret"),
  clockAhead: 0,

  keep(secret) {
    this.secret = secret;
    if (secret) sessionStorage.setItem("secret", secret);
    else sessionStorage.removeItem("secret");
  },

  async ask(path) {
    const answer = await this.fetch(path);
    this.clockAhead = Date.parse(answer.headers.get("date")) - Date.now() || 0;
    const body = await answer.json().catch(() => null);
    if (answer.status === 401)
      throw new Trouble(
        "secret",
        "That is not this deployment’s secret. Compare it with CRON_SECRET in the project’s settings; a change there counts from the next deployment on.",
      );
    if (answer.ok && body) return body;
    if (body?.error) throw new Trouble(answer.status < 500 ? "refused" : "broken", body.error);
    throw new Trouble("broken", `The function broke without a word (HTTP ${answer.status}). The deployment’s logs say why.`);
  },

  async fetch(path) {
    const headers = new Headers();
    try {
      headers.set("Authorization", `Bearer ${this.secret}`);
    } catch {
      throw new Trouble("secret", "A secret holds only characters that fit in a header. Copy it again.");
    }
    try {
      return await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(20_000) });
    } catch {
      throw new Trouble("offline", "The deployment is out of reach. Check your connection; this page goes on by itself.");
    }
  },

  now() {
    return Date.now() + (Math.abs(this.clockAhead) > 2000 ? this.clockAhead : 0);
  },
};

// --- How fast a run goes -------------------------------------------------------------------------------------------

const pace = {
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

// --- Showing it ----------------------------------------------------------------------------------------------------

function showNow(status, now) {
  const run = status.active;
  const last = status.runs.find(hasEnded);
  const progress = $("progress");
  const planning = run !== null && !run.toSync;
  progress.classList.toggle("unknown", planning);
  progress.classList.toggle("idle", run === null);
  if (run) {
    const share = run.toSync ? (run.synced + run.failed) / run.toSync : 0;
    fill(planning ? null : Math.min(1, share));
    headline(TONES[run.status], run.status, run.status === "pending" ? "Waiting for QStash" : planning ? (run.force ? "Listing every page" : "Looking for changes") : "Syncing");
    say($("subline"), `${scope(run)} · asked for ${ago(run.triggeredAt, now)}${run.slices > 1 ? ` · slice ${run.slices}` : ""}`);
    figures([
      ["Pages", run.toSync ? `${number.format(run.synced)} of ${number.format(run.toSync)}` : "–"],
      ["Speed", pace.rate ? `${decimal.format(pace.rate)} / s` : "–"],
      ["Time left", pace.rate && run.remaining ? duration(Math.ceil(run.remaining / pace.rate) * 1000) : "–"],
      ["Elapsed", run.startedAt ? elapsed(run, now) : "–"],
    ]);
  } else {
    const failed = last?.status === "failed";
    fill(last && !failed ? 1 : 0);
    headline(
      failed ? "bad" : last?.failed ? "warn" : last ? "good" : null,
      last?.status ?? "idle",
      !last ? "No sync yet" : failed ? "The last sync failed" : last.failed ? `All but ${some(last.failed, "page")} in step` : "Everything is in step",
    );
    say($("subline"), last ? `Last run: ${scope(last)} · ${counts(last)}` : "Press Sync now to fill KV from Notion.");
    const published = status.sources.reduce((sum, source) => sum + source.pages, 0);
    figures([
      ["Published rows", number.format(published)],
      ["Last run", last ? ago(last.finishedAt ?? last.triggeredAt, now) : "–"],
      ["It took", last ? duration(last.durationMs) : "–"],
      ["Next by cron", status.cron ? ago(status.cron.nextAt, now) : "–"],
    ]);
  }
  showNotice(run ?? last, run, now);
}

function headline(colour, state, text) {
  tone($("state-dot"), colour);
  say($("state"), state[0].toUpperCase() + state.slice(1));
  say($("headline"), text);
}

function fill(share) {
  const bar = $("bar");
  bar.style.transform = share === null ? "" : `translateX(${(share - 1) * 100}%)`;
  if (share === null) $("progress").removeAttribute("aria-valuenow");
  else $("progress").setAttribute("aria-valuenow", Math.round(share * 100));
}

function figures(pairs) {
  [...$("figures").children].forEach((figure, at) => {
    say(figure.firstElementChild, pairs[at][0]);
    say(figure.lastElementChild, pairs[at][1]);
  });
}

/** One line on what needs a look: the first problem, or what the run waits for. */
function showNotice(run, active, now) {
  const [first] = run?.errors ?? [];
  const problem = first && [first.title || first.slug, first.reason].filter(Boolean).join(": ");
  const waits = active?.status === "active" && active.remaining > 0 && pace.standstill(now) > 8000;
  const patience = "No new page for a while: Notion’s requests of this minute may be used up. The run goes on by itself.";
  const waiting = active?.status === "pending" || waits ? (active.warnings.at(-1) ?? (waits ? patience : "")) : "";
  const text = problem ?? waiting;
  tone($("notice"), problem ? "bad" : text ? "warn" : null);
  say($("notice-text"), text);
  $("notice-more").hidden = !problem;
  if (problem) say($("notice-more"), `See ${some(run.errors.length, "problem")}`);
}

const RUN_CELLS = [[""], [""], [""], [""], ["took", "number"], ["requests", "number"], ["retries", "number"], ["job", "mono"]];

function showRuns(status, now) {
  const all = $("more").getAttribute("aria-expanded") === "true";
  const shown = all ? status.runs : status.runs.slice(0, SHOWN_RUNS);
  $("no-runs").hidden = status.runs.length > 0;
  $("runs").hidden = status.runs.length === 0;
  $("more").hidden = status.runs.length <= SHOWN_RUNS;
  say($("more"), all ? "Show fewer" : `Show all ${status.runs.length}`);
  rows($("runs").tBodies[0], shown.length, RUN_CELLS).forEach((row, at) => showRun(row, shown[at], now));
}

function showRun(row, run, now) {
  const [state, asked, what, pages, took, requests, retries, job] = row.cells;
  if (!state.firstChild) state.append(make("span", { class: "status" }));
  tone(state.firstChild, TONES[run.status]);
  say(state.firstChild, run.status);
  say(asked, ago(run.triggeredAt, now));
  asked.title = clock.format(Date.parse(run.triggeredAt));
  say(what, scope(run));
  what.title = what.textContent;
  showCounts(pages, run);
  say(took, run.finishedAt || !run.startedAt || run.status === "failed" ? duration(run.durationMs) : elapsed(run, now));
  say(requests, number.format(run.notionRequests));
  say(retries, number.format(run.retries));
  if (job.dataset.id === String(run.jobId)) return;
  job.dataset.id = run.jobId;
  job.replaceChildren(run.jobId ? link(CONSOLE + encodeURIComponent(run.jobId), run.jobId, `Job ${run.jobId} in QStash’s console`) : "–");
}

function showCounts(cell, run) {
  const underWay = run.toSync ? `${number.format(run.synced)} of ${number.format(run.toSync)}` : "listing";
  const text = run.status === "active" ? underWay : run.status === "pending" ? "–" : counts(run);
  const key = `${run.runId} ${text} ${run.errors.length}`;
  if (cell.dataset.key === key) return;
  cell.dataset.key = key;
  cell.replaceChildren(text);
  cell.title = text;
  if (!run.errors.length) return;
  const see = make("button", { type: "button", class: "link bad" }, some(run.errors.length, "problem"));
  see.addEventListener("click", () => {
    problems.chosen = run.runId;
    watch.show();
    $("problems").scrollIntoView({ behavior: "smooth" });
    $("problems").focus({ preventScroll: true });
  });
  cell.prepend(see, " · ");
}

function showTrends(status) {
  const ended = status.runs.filter((run) => run.durationMs !== null && run.status !== "cancelled");
  const charted = ended.slice(0, CHARTED_RUNS).reverse();
  say($("trends-hint"), charted.length ? `last ${some(charted.length, "run")}, newest on the right` : "");
  showChart($("chart-duration"), charted, (run) => run.durationMs, duration);
  showChart($("chart-requests"), charted, (run) => run.notionRequests, (count) => number.format(count));
}

function showChart(figure, runs, value, words) {
  const drawing = figure.querySelector("svg");
  const values = runs.map(value);
  const highest = Math.max(1, ...values);
  const latest = values.length ? words(values.at(-1)) : "–";
  say(figure.querySelector(".latest"), latest);
  const summary = values.length ? `latest ${latest}, highest ${words(Math.max(...values))}` : "no runs yet";
  drawing.setAttribute("aria-label", `${figure.querySelector("figcaption").textContent} of the last runs: ${summary}`);
  const key = runs.map((run, at) => `${run.runId} ${values[at]}`).join();
  if (drawing.dataset.key === key) return;
  drawing.dataset.key = key;
  drawing.replaceChildren(...runs.map((run, at) => column(CHARTED_RUNS - runs.length + at, values[at] / highest, run, words(values[at]))));
  drawing.lastElementChild?.classList.add("last");
}

function column(slot, share, run, words) {
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const height = Math.max(1.5, share * 72);
  const sizes = { x: slot * 10 + 1.5, y: 72 - height, width: 7, height };
  for (const [name, size] of Object.entries(sizes)) bar.setAttribute(name, size);
  tone(bar, run.status === "failed" ? "bad" : null);
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `${words}, ${clock.format(Date.parse(run.triggeredAt))}`;
  bar.append(title);
  return bar;
}

const SOURCE_CELLS = [[""], ["published", "number"], ["last sync"], ["last full listing"], ["", "mono"]];

function showSources(status, now) {
  const { cron } = status;
  say($("cron"), cron ? `Next by cron ${ago(cron.nextAt, now)}, ${clock.format(Date.parse(cron.nextAt))}` : "No cron asks for a sync");
  rows($("sources").tBodies[0], status.sources.length, SOURCE_CELLS).forEach((row, at) => {
    const [name, pages, synced, listed, database] = row.cells;
    const source = status.sources[at];
    say(name, source.name);
    say(pages, number.format(source.pages));
    say(synced, source.lastSyncAt ? ago(source.lastSyncAt, now) : "never");
    say(listed, source.lastListedAt ? ago(source.lastListedAt, now) : "never");
    if (database.textContent === source.databaseId) return;
    database.replaceChildren(link(NOTION + source.databaseId.replaceAll("-", ""), source.databaseId, `Database ${source.databaseId} in Notion`));
  });
}

const problems = {
  chosen: null,

  show(status, now) {
    const newest = status.runs.find((run) => hasEnded(run) || run.errors.length);
    const run = status.runs.find((one) => one.runId === this.chosen) ?? newest;
    say($("problems-of"), run ? `of the run asked for ${ago(run.triggeredAt, now)}` : "");
    $("no-problems").hidden = Boolean(run && run.errors.length + run.warnings.length);
    const key = run ? JSON.stringify([run.runId, run.errors, run.warnings]) : "";
    if ($("problem-list").dataset.key === key) return;
    $("problem-list").dataset.key = key;
    $("problem-list").replaceChildren(...(run ? [...run.errors.map(problem), ...run.warnings.map(warning)] : []));
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
  again.addEventListener("click", () => trigger(again, alone ? { page: error.pageId } : {}));
  item.append(make("div", { class: "pair" }, link(NOTION + error.pageId.replaceAll("-", ""), "Open in Notion"), again));
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

function showWebhook(webhook) {
  $("webhook").hidden = !webhook;
  say($("webhook-how"), webhook?.howTo ?? "");
  say($("webhook-token"), webhook?.verificationToken ?? "");
}

// --- Watching ------------------------------------------------------------------------------------------------------

const watch = {
  status: null,
  timer: 0,
  failures: 0,
  quiet: 0,

  /** Asks once, shows the answer, and asks again when it is worth it. */
  async look() {
    clearTimeout(this.timer);
    try {
      const status = await deployment.ask("/api/sync/status");
      this.failures = 0;
      this.take(status);
      hideTrouble();
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      if (trouble.kind === "secret") return close(trouble.message);
      this.failures += 1;
      showTrouble(trouble.message);
    }
    if (deployment.secret && !document.hidden) this.timer = setTimeout(() => this.look(), this.pause());
  },

  pause() {
    if (this.failures) return Math.min(60_000, 2500 * 2 ** this.failures);
    if (this.status?.active) return this.status.active.toSync > 2000 ? 3000 : 1000;
    this.quiet += 1;
    return Math.min(60_000, 5000 + 1000 * this.quiet);
  },

  hurry() {
    this.quiet = 0;
    return this.look();
  },

  take(status) {
    announce(this.status, status);
    this.status = status;
    if (status.active) this.quiet = 0;
    pace.note(status.active, deployment.now());
    if ($("board").hidden) open();
    this.show();
  },

  show() {
    if (!this.status) return;
    const now = deployment.now();
    showWebhook(this.status.webhook);
    showNow(this.status, now);
    showRuns(this.status, now);
    showTrends(this.status);
    showSources(this.status, now);
    problems.show(this.status, now);
    const run = this.status.active;
    document.title = run ? `${run.toSync ? Math.floor((run.synced / run.toSync) * 100) : 0}% · Notion → KV` : "Notion → KV";
  },
};

/** Tells a screen reader what has changed, once. */
function announce(before, after) {
  if (!before) return;
  const [was, is] = [before.active?.runId, after.active?.runId];
  if (is && was !== is) say($("news"), "A sync is under way.");
  if (!was || was === is) return;
  const ended = after.runs.find((run) => run.runId === was);
  if (ended) say($("news"), `The sync was ${ended.status}: ${counts(ended)}${ended.failed ? `, ${ended.failed} failed` : ""}.`);
}

function showTrouble(message) {
  say($("trouble"), message);
  $("trouble").hidden = false;
}

function hideTrouble() {
  $("trouble").hidden = true;
  say($("trouble"), "");
}

// --- The door ------------------------------------------------------------------------------------------------------

function open() {
  $("door").hidden = true;
  $("board").hidden = false;
  $("leave").hidden = false;
  $("headline").focus({ preventScroll: true });
}

function close(message = "") {
  deployment.keep(null);
  clearTimeout(watch.timer);
  watch.status = null;
  hideTrouble();
  $("board").hidden = true;
  $("leave").hidden = true;
  $("door").hidden = false;
  say($("door-trouble"), message);
  $("secret").value = "";
  $("secret").focus();
}

// --- Asking for a sync ---------------------------------------------------------------------------------------------

async function trigger(button, query) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  problems.chosen = null;
  try {
    const answer = await deployment.ask(`/api/sync/trigger?${new URLSearchParams(query)}`);
    const joined = answer.message === "Sync already running";
    reply("good", joined ? "A sync is under way; another one follows it." : `${answer.message}.`);
    await watch.hurry();
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.kind === "secret") close(trouble.message);
    else reply("bad", trouble.message);
  } finally {
    button.setAttribute("aria-busy", "false");
  }
}

function reply(colour, text) {
  tone($("answer"), colour);
  say($("answer"), text);
}

// --- Beginning -----------------------------------------------------------------------------------------------------

$("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  deployment.keep($("secret").value.trim());
  say($("door-trouble"), "");
  await watch.hurry();
});
$("leave").addEventListener("click", () => close());
$("sync").addEventListener("click", () => trigger($("sync"), {}));
$("force").addEventListener("click", () => trigger($("force"), { force: "1" }));
$("one").addEventListener("submit", (event) => {
  event.preventDefault();
  trigger(event.submitter ?? $("one"), { page: $("page").value.trim() });
});
$("more").addEventListener("click", () => {
  $("more").setAttribute("aria-expanded", $("more").getAttribute("aria-expanded") !== "true");
  watch.show();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(watch.timer);
  else if (deployment.secret) watch.hurry();
});
addEventListener("online", () => deployment.secret && watch.hurry());
setInterval(() => document.hidden || watch.show(), 1000);

if (deployment.secret) watch.look();
else close();
