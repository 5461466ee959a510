// What is on the page. All text goes there by `textContent`, so nothing that stands in Notion can
// become markup.

const NOTION = "https://www.notion.so/";
const QUOTED = /("[^"]*"|“[^”]*”)/;

export const $ = (id) => document.getElementById(id);

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tone(element, name) {
  if (name) element.dataset.tone = name;
  else delete element.dataset.tone;
}

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function link(address, text, attributes = {}) {
  return make("a", { href: address, target: "_blank", rel: "noopener", ...attributes }, text);
}

/**
 * A button that does this when it is pressed; `focus` names it across renewals of what it stands
 * in.
 */
export function button(label, focus, press, attributes = {}) {
  const element = make(
    "button",
    { type: "button", class: "button", "data-focus": focus, ...attributes },
    label,
  );
  element.addEventListener("click", press);
  return element;
}

/** What somebody wrote, in whatever direction its script runs: it moves nothing around it. */
export const bdi = (text) => make("bdi", {}, text);

/** A sentence whose quoted parts are what somebody wrote. */
export const sentence = (text) => text.split(QUOTED).map((part, at) => (at % 2 ? bdi(part) : part));

/** Slugs, divided by commas. */
export const slugs = (names) =>
  names.flatMap((name, at) => [at ? ", " : "", make("code", { dir: "auto" }, name)]);

/**
 * Fills an element anew where `key` says that it has changed. A keyboard stays where it was, or at
 * what came in its place.
 */
export function refill(element, key, build) {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  const held = document.activeElement;
  const at = held !== element && element.contains(held) ? (held.dataset.focus ?? "") : null;
  element.replaceChildren(...build());
  if (at === null) return;
  const same = element.querySelector(`[data-focus="${CSS.escape(at)}"]`);
  (same ?? element.querySelector("button[data-focus]") ?? $("headline")).focus({
    preventScroll: true,
  });
}

/** The address in Notion of the page or database with this id. */
export const notion = (id) => NOTION + id.replaceAll("-", "");

/** How much of a long list is shown: all of it, or a few until its button is pressed. */
export function shownOf(count, few, more) {
  const all = more.getAttribute("aria-expanded") === "true";
  more.hidden = count <= few;
  say(more, all ? "Show fewer" : `Show all ${count}`);
  return all ? count : few;
}

/**
 * Makes a table body hold `count` rows of these cells; rows that are there stay, so that nothing
 * moves.
 */
export function rows(body, count, labels) {
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) body.append(row(labels));
  return [...body.rows];
}

export function row(labels) {
  const cells = labels.map(([label, kind]) =>
    make("td", {
      role: "cell",
      ...(label && { "data-label": label }),
      ...(kind && { class: kind }),
    }),
  );
  return make("tr", { role: "row" }, ...cells);
}
