// The deployment that the page came from, asked with its secret.

import { Trouble } from "./trouble.js";

export const deployment = {
  secret: sessionStorage.getItem("secret"),
  clockAhead: 0,

  /**
   * Keeps the secret of a link that ends in `#secret=…`, and takes it out of the address. Whether
   * there was one.
   */
  takeFromLink() {
    const fragment = new URLSearchParams(location.hash.slice(1));
    const secret = fragment.get("secret");
    if (secret === null) return false;
    fragment.delete("secret");
    history.replaceState(
      null,
      "",
      `${location.pathname}${location.search}${fragment.size ? `#${fragment}` : ""}`,
    );
    this.keep(secret);
    return true;
  },

  keep(secret) {
    this.secret = secret;
    if (secret) sessionStorage.setItem("secret", secret);
    else sessionStorage.removeItem("secret");
  },

  async ask(path, method = "GET") {
    const answer = await this.fetch(path, method);
    this.clockAhead = Date.parse(answer.headers.get("date")) - Date.now() || 0;
    const body = await answer.json().catch(() => null);
    if (answer.status === 401)
      throw new Trouble(
        "secret",
        "That is not this deployment’s secret. Compare it with CRON_SECRET in the project’s" +
          " settings; a change there counts from the next deployment on.",
      );
    if (answer.ok && body) return body;
    if (body?.error) throw new Trouble(answer.status < 500 ? "refused" : "broken", body.error);
    throw new Trouble(
      "broken",
      `The function broke without a word (HTTP ${answer.status}). The deployment’s logs say why.`,
    );
  },

  async fetch(path, method) {
    const headers = new Headers();
    try {
      headers.set("Authorization", `Bearer ${this.secret}`);
    } catch {
      throw new Trouble(
        "secret",
        "A secret holds only characters that fit in a header. Copy it again.",
      );
    }
    try {
      return await fetch(path, {
        method,
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(20_000),
      });
    } catch {
      throw new Trouble(
        "offline",
        "The deployment is out of reach. Check your connection; this page goes on by itself.",
      );
    }
  },

  now() {
    return Date.now() + (Math.abs(this.clockAhead) > 2000 ? this.clockAhead : 0);
  },
};

deployment.takeFromLink();
