import type { Metadata } from "next";
import { notFound, permanentRedirect } from "next/navigation";
import { cache } from "react";
import { Blocks, type Crumb } from "../../components/blocks";
import { dependOn, MISSING_SECONDS } from "../../lib/cache";
import { addressAt, listAt, textAt } from "../../lib/json";
import { getDoc, getPage, isPublic, type Meta } from "../../lib/kv";
import { pagePath, slugOf } from "../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

type Props = { params: Promise<{ slug: string[] }> };

const readPage = cache(getPage); // once for the page and its metadata

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const slug = slugOf((await params).slug);
  const page = await readPage(slug);
  if (!page || "movedTo" in page || !isPublic(page.meta)) return {};
  const doc = await getDoc(slug);
  const [title, description] = [textAt(page.meta, "title"), textAt(doc, "excerpt") || undefined];
  const [path, cover] = [pagePath(slug), addressAt(page.meta, "cover")];
  const published = { publishedTime: textAt(doc, "date") || undefined, modifiedTime: textAt(page.meta, "lastEdited") };
  const tags = listAt(doc, "tags").filter((tag) => typeof tag === "string");
  return {
    title,
    description,
    alternates: { canonical: path, types: { "text/markdown": `${path}.md`, "application/rss+xml": "/feed.xml" } },
    openGraph: { type: "article", title, description, url: path, images: cover, tags, ...published },
  };
}

export default async function Page({ params }: Props) {
  const slug = slugOf((await params).slug);
  const page = await readPage(slug);
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
      <Blocks blocks={page.blocks} links={page.links} trail={trailTo(slug, page.meta)} />
    </main>
  );
}

/** The way to a page, for a breadcrumb block. A child page's slug begins with its parent's. */
function trailTo(slug: string, meta: Meta): Crumb[] {
  const parent = meta.parent ? slug.slice(0, slug.lastIndexOf("/")) : "";
  const here = { path: pagePath(slug), title: textAt(meta, "title") };
  return [{ path: "/", title: "Home" }, ...(parent ? [{ path: pagePath(parent), title: parent }] : []), here];
}
