/**
 * Sends addresses on before anything is looked up. A `%` that encodes nothing stands for itself, as in `/100%`: Next would
 * answer 500, so it is sent on to `/100%25`. A page is given as Markdown at `/about.md`, and to who asks for that kind.
 */
import { NextResponse, type NextRequest } from "next/server";
import { isEncoded, markdownPath, pagePath, slugOf } from "./lib/paths";

export const config = {
  matcher: [
    "/(.*%.*)",
    "/(.*\\.md)",
    { source: "/(.*)", has: [{ type: "header", key: "accept", value: "(.*)text/markdown(.*)" }] },
  ],
};

export function proxy({ url, headers }: NextRequest): NextResponse {
  const { pathname } = new URL(url);
  if (!isEncoded(pathname)) {
    return NextResponse.redirect(new URL(pagePath(slugOf(pathname.slice(1).split("/"))), url), 308);
  }
  const markdown = markdownPath(pathname, headers.get("accept") ?? "");
  return markdown ? NextResponse.rewrite(new URL(markdown, url)) : NextResponse.next();
}
