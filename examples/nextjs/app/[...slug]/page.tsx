import { notFound, permanentRedirect } from "next/navigation";
import { Blocks } from "../../components/blocks";
import { getPage } from "../../lib/kv";
import { pagePath } from "../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

export default async function Page({ params }: { params: Promise<{ slug: string[] }> }) {
  const { slug } = await params;
  const page = await getPage(slug.map(decodeURIComponent).join("/"));
  if (!page) notFound();
  if ("movedTo" in page) permanentRedirect(pagePath(page.movedTo));
  if (page.meta.visibility !== "public") notFound(); // "members", say: here would stand the check of a login
  return (
    <main>
      {page.meta.cover && <img className="cover" src={page.meta.cover} alt="" />}
      <h1>{page.meta.title}</h1>
      <Blocks blocks={page.blocks} links={page.meta.childPages} />
    </main>
  );
}
