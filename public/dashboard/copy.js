// Texts that are wanted elsewhere: a press copies one.

import { $, say } from "./elements.js";

const SHOWN_MS = 2000;

/**
 * Copies what the button names: the text of an element, or the address of a link. Where the browser
 * lets no page do that, a text is selected instead.
 */
export async function copy(button) {
  const source = $(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.href ?? source.textContent);
  } catch {
    if (source.href) return tell(button, "Not allowed");
    getSelection().selectAllChildren(source);
    return tell(button, "Selected");
  }
  tell(button, "Copied");
}

function tell(button, word) {
  button.dataset.label ??= button.textContent;
  say(button, word);
  say($("news"), `${word}.`);
  setTimeout(() => say(button, button.dataset.label), SHOWN_MS);
}
