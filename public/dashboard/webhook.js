// Notion’s webhook, until it is set up.

import { $, say } from "./elements.js";

const WEBHOOK_HOW_TO =
  "Paste this token into the webhook’s verification form in Notion, and set NOTION_WEBHOOK_TOKEN" +
  " to it, so that only Notion’s own calls count.";

/**
 * The webhook’s address while nobody has set it up, and the token that Notion wants to get back.
 */
export function showWebhook({ address, state, token }) {
  $("webhook").hidden = state !== "pending";
  say($("webhook-how"), WEBHOOK_HOW_TO);
  say($("webhook-token"), token ?? "");
  $("webhook-unset").hidden = state !== "unset";
  say($("webhook-address"), address ?? "");
}
