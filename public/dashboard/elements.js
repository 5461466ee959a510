// What is on the page. All text goes there by `textContent`, so nothing that stands in Notion can become markup.

const NOTION = "https://www.notion.so/";

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

export function link(address, text, label) {
  return make("a", { href: address, target: "_blank", rel: "noopener", ...(label && { "aria-label": label }) }, text);
}

/** The address in Notion of the page or database with this id. */
export const notion = (id) => NOTION + id.replaceAll("-", "");

/** How much of a long list is shown: all of it, or a few until its button is pressed. */
export function shownOf(count, few, button) {
  const all = button.getAttribute("aria-expanded") === "true";
  button.hidden = count <= few;
  say(button, all ? "Show fewer" : `Show all ${count}`);
  return all ? count : few;
}

/** Makes a table body hold `count` rows of these cells; rows that are there stay, so that nothing moves. */
export function rows(body, count, labels) {
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) {
    const cells = labels.map(([label, kind]) =>
      make("td", { role: "cell", ...(label && { "data-label": label }), ...(kind && { class: kind }) }),
    );
    body.append(make("tr", { role: "row" }, ...cells));
  }
  return [...body.rows];
}
