// The verdict’s card: its sign, its sentences, the bar along its edge.

import { $, refill, sentence, tone } from "./elements.js";

const SIGNS = {
  good: "M4.5 8.4l2.3 2.3 4.7-5",
  warn: "M8 4.2v4.6M8 11.4v.3",
  bad: "M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4",
  busy: "M11.9 6.2A4.3 4.3 0 1 0 12.3 8.6M12.2 3.6v2.8H9.4",
  wait: "M8 4.4V8l2.4 1.5",
  idle: "M5 8h6",
};

/** What stands first, and its sign. */
export function head(sign, text) {
  tone($("now"), sign === "wait" ? "warn" : sign);
  if ($("sign").dataset.sign !== sign) {
    $("sign").dataset.sign = sign;
    $("sign").querySelector("path").setAttribute("d", SIGNS[sign]);
  }
  $("headline").classList.toggle("long", text.length > 60);
  refill($("headline"), text, () => sentence(text));
}

export function line(id, text) {
  refill($(id), text, () => sentence(text));
}

/** The bar along the card’s edge, while there is something to fill it with. */
export function fill(share, waits) {
  $("progress").classList.toggle("waits", waits);
  $("progress").hidden = !$("now").classList.contains("active");
  $("progress").classList.toggle("unknown", share === null);
  $("bar").style.transform = share === null ? "" : `translateX(${(share - 1) * 100}%)`;
  if (share === null) $("progress").removeAttribute("aria-valuenow");
  else $("progress").setAttribute("aria-valuenow", Math.round(share * 100));
}
