// Four facts about the site, each with what explains it.

import { $, say } from "./elements.js";
import { ago, coming, duration, number, some, whole } from "./words.js";

export function showFigures(status, now) {
  const facts = [
    onSite(status.site),
    lastCheck(status, now),
    budget(status.site.budget, now),
    nextCheck(status, now),
  ];
  [...$("figures").children].forEach((figure, at) => {
    const [name, value, more] = figure.children;
    say(name, facts[at][0]);
    say(value, facts[at][1]);
    say(more, facts[at][2]);
  });
}

const onSite = ({ pages, rows, childPages }) => [
  "On your site",
  some(pages, "page"),
  `${some(rows, "row")}, ${some(childPages, "child page")}`,
];

function lastCheck({ site, runs }, now) {
  const last = runs.find((run) => run.status === "delivered" && run.scope === "all");
  const took = last
    ? `${some(last.notionRequests, "request")} · ${duration(last.durationMs)}`
    : "of everything";
  return ["Last full check", site.lastFullRunAt ? ago(site.lastFullRunAt, now) : "never", took];
}

function budget({ used, limit, resetsAt }, now) {
  const left = resetsAt ? Date.parse(resetsAt) - now : 0;
  const spent = left > 0 ? used : 0;
  return [
    "Notion, this minute",
    `${number.format(spent)} of ${number.format(limit)}`,
    left > 0 ? `requests · resets in ${whole(left)}` : "requests",
  ];
}

function nextCheck({ cron, site, webhook }, now) {
  const when = cron ? coming(cron.nextAt, now) : "when asked for";
  const asker = cron ? "by cron" : "no cron";
  return ["Next check", when, `${asker} · ${lastEvent(site, webhook, now)}`];
}

function lastEvent(site, webhook, now) {
  if (site.lastEventAt) return `last event ${ago(site.lastEventAt, now)}`;
  return webhook.state === "live" ? "webhook is on" : "webhook is off";
}
