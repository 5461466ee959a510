/** A `%` that encodes nothing stands for itself, as in `/100%`. Next would answer 500, so it is sent on to `/100%25`. */
import { NextResponse, type NextRequest } from "next/server";
import { isEncoded, pagePath, slugOf } from "./lib/paths";

export const config = { matcher: "/(.*%.*)" };

export function proxy({ url }: NextRequest): NextResponse {
  const { pathname } = new URL(url);
  if (isEncoded(pathname)) return NextResponse.next();
  return NextResponse.redirect(new URL(pagePath(slugOf(pathname.slice(1).split("/"))), url), 308);
}
