// The door: who knows the secret sees the board.

import { $, say } from "./elements.js";

export function open() {
  $("door").hidden = true;
  $("board").hidden = false;
  $("leave").hidden = false;
  $("headline").focus({ preventScroll: true });
}

export function close(message) {
  $("board").hidden = true;
  $("leave").hidden = true;
  $("door").hidden = false;
  say($("door-trouble"), message);
  $("secret").value = "";
  $("secret").focus();
}
