/** A page as Markdown: what `/about.md` answers, and `/about` to who asks for text/markdown (see proxy.ts). */
import { dependOn, MISSING_SECONDS } from "../../../lib/cache";
import { textAt } from "../../../lib/json";
import { getDoc, getSlugsIn, isPublic, type Doc } from "../../../lib/kv";
import { withLocalPaths } from "../../../lib/links";
import { slugOf } from "../../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

type Context = { params: Promise<{ slug: string[] }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const slug = slugOf((await params).slug);
  const doc = await getDoc(slug);
  await dependOn(`page:${slug}`, doc ? undefined : MISSING_SECONDS);
  if (!doc || !isPublic(doc)) return answer("Not found\n", 404);
  return answer(await markdownOf(doc), 200);
}

async function markdownOf(doc: Doc): Promise<string> {
  const title = textAt(doc, "title").replace(/[\\`*_[\]<>#&~$]/g, "\\$&");
  return [`# ${title}`, withLocalPaths(textAt(doc, "markdown"), await getSlugsIn(doc))].join("\n\n").trim() + "\n";
}

const answer = (text: string, status: number) =>
  new Response(text, { status, headers: { "Content-Type": "text/markdown; charset=utf-8", Vary: "Accept" } });
