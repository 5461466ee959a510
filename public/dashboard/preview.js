// A link to the preview of the page in the one-page box, where the deployment makes such links.

import { deployment } from "./deployment.js";
import { $, link, make, say, tone } from "./elements.js";
import { watch } from "./watch.js";

const button = make("button", { id: "preview", class: "button", type: "button", hidden: "" }, "Preview link");

async function makeLink() {
  if (!$("page").reportValidity() || button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const wanted = new URLSearchParams({ preview: $("page").value.trim() });
    const { preview } = await deployment.ask(`/api/sync/status?${wanted}`);
    tone($("answer"), "good");
    $("answer").replaceChildren("Good for an hour: ", link(preview.url, preview.slug, `Preview of ${preview.slug}`));
  } catch (trouble) {
    if (trouble.kind === "secret") return watch.leave(trouble.message);
    tone($("answer"), "bad");
    say($("answer"), trouble.message);
  } finally {
    button.setAttribute("aria-busy", "false");
  }
}

$("one").append(button);
button.addEventListener("click", makeLink);
setInterval(() => (button.hidden = !watch.status?.previews), 1000);
