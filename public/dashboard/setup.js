// The settings that are wrong: a list to work off before anything else makes sense.

import { $, link, make, say } from "./elements.js";
import { some } from "./words.js";

const ADDRESS = /(https:\/\/[\w.-]+\/[^\s,;)]+)/;
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/**
 * Shows them, and nothing else while there are any. Whether that has changed since the last time.
 */
export function showSetup(problems) {
  const [was, is] = [!$("setup").hidden, problems.length > 0];
  $("setup").hidden = !is;
  $("board").classList.toggle("unready", is);
  if (!is) return was;
  say(
    $("setup-title"),
    `${some(problems.length, "setting")} ${problems.length === 1 ? "keeps" : "keep"}` +
      " the sync from running",
  );
  const key = JSON.stringify(problems);
  if ($("setup-list").dataset.key !== key) {
    $("setup-list").dataset.key = key;
    $("setup-list").replaceChildren(...problems.map(item));
  }
  if (!was) say($("setup-answer"), "");
  if (!document.hidden)
    document.title = `${some(problems.length, "setting")} to mend · Notion → KV`;
  return !was;
}

/** What a check has found that somebody asked for. */
export function tellChecked(problems) {
  const are = problems.length === 1 ? "is" : "are";
  const still = `${some(problems.length, "setting")} ${are} still wrong`;
  say($("setup-answer"), `Checked at ${time.format()}: ${still}.`);
}

function item({ name, problem, remedy }) {
  const title = make("h3", {}, make("code", {}, name), ` ${problem}`);
  const sentence = `${remedy[0].toUpperCase()}${remedy.slice(1)}.`;
  const pieces = sentence
    .split(ADDRESS)
    .map((piece) => (ADDRESS.test(piece) ? link(piece, piece) : piece));
  return make("li", { class: "card problem", "data-tone": "bad" }, title, make("p", {}, ...pieces));
}
