// The door: who knows the secret sees the board.

import { $, say } from "./elements.js";

export function open() {
  $("door").hidden = true;
  $("board").hidden = false;
  $("leave").hidden = false;
  greet();
}

/** Brings a keyboard or a screen reader to what stands first. */
export function greet() {
  const first = $("setup").hidden ? $("headline") : $("setup-title");
  first.focus({ preventScroll: true });
}

export function close(message) {
  $("board").hidden = true;
  $("leave").hidden = true;
  $("door").hidden = false;
  say($("door-trouble"), message);
  $("secret").value = "";
  $("secret").focus();
}
