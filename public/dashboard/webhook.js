// Notion’s webhook, until it is set up.

import { $, say } from "./elements.js";
import { some } from "./words.js";

const WEBHOOK_HOW_TO =
  "Paste this token into the webhook’s verification form in Notion, and set NOTION_WEBHOOK_TOKEN" +
  " to it, so that only Notion’s own calls count.";

/**
 * The webhook’s address while nobody has set it up, and the token that Notion wants to get back.
 */
export function showWebhook({ address, state, token, expiresAt }, now) {
  $("webhook").hidden = state !== "pending";
  say($("webhook-how"), WEBHOOK_HOW_TO);
  say($("webhook-token"), token ?? "");
  say($("webhook-expiry"), Date.parse(expiresAt) ? expiry(Date.parse(expiresAt), now) : "");
  $("webhook-unset").hidden = state !== "unset";
  say($("webhook-address"), address ?? "");
}

/** How long the token is shown yet, and what then. */
function expiry(at, now) {
  const left = some(Math.max(1, Math.round((at - now) / 60_000)), "minute");
  return `It is shown for ${left} yet; after that, press Resend token in Notion.`;
}
