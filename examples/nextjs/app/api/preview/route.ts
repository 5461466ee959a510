import { draftMode } from "next/headers";
import { NextResponse, type NextRequest } from "next/server";
import { pagePath } from "../../../lib/paths";
import { PREVIEW_COOKIE, previewedSlug } from "../../../lib/preview";

/** Where links to previews lead (PREVIEW_URL of the sync): what a link shows is shown until its time is over. */
export async function GET({ nextUrl }: NextRequest): Promise<Response> {
  const link = nextUrl.search.slice(1);
  const slug = previewedSlug(link);
  if (slug === null) return new Response("This link is not, or no longer, good: make another one.", { status: 401 });
  (await draftMode()).enable();
  const answer = new NextResponse(null, { status: 307, headers: { Location: pagePath(`preview/${slug}`) } });
  const secure = nextUrl.protocol === "https:";
  answer.cookies.set(PREVIEW_COOKIE, link, { httpOnly: true, secure, sameSite: "lax", path: "/preview", maxAge: 3600 });
  return answer;
}
