import { notFound, permanentRedirect } from "next/navigation";
import { Blocks, type Crumb } from "../../components/blocks";
import { dependOn, MISSING_SECONDS } from "../../lib/cache";
import { addressAt, textAt } from "../../lib/json";
import { getPage, isPublic, type Meta } from "../../lib/kv";
import { pagePath, slugOf } from "../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

export default async function Page({ params }: { params: Promise<{ slug: string[] }> }) {
  const slug = slugOf((await params).slug);
  const page = await getPage(slug);
  await dependOn(`page:${slug}`);
  if (!page || "movedTo" in page) await dependOn("redirects", MISSING_SECONDS);
  if (!page) notFound();
  if ("movedTo" in page) permanentRedirect(pagePath(page.movedTo));
  if (!isPublic(page.meta)) notFound(); // "members", say: here would stand the check of a login
  const cover = addressAt(page.meta, "cover");
  return (
    <main>
      {cover && <img className="cover" src={cover} alt="" />}
      <h1>{textAt(page.meta, "title")}</h1>
      <Blocks blocks={page.blocks} links={page.meta.childPages} trail={trailTo(slug, page.meta)} />
    </main>
  );
}

/** The way to a page, for a breadcrumb block. A child page's slug begins with its parent's. */
function trailTo(slug: string, meta: Meta): Crumb[] {
  const parent = meta.parent ? slug.slice(0, slug.lastIndexOf("/")) : "";
  const here = { path: pagePath(slug), title: textAt(meta, "title") };
  return [{ path: "/", title: "Home" }, ...(parent ? [{ path: pagePath(parent), title: parent }] : []), here];
}
