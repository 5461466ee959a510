import type { Metadata } from "next";
import { cookies, draftMode } from "next/headers";
import { notFound } from "next/navigation";
import { Blocks } from "../../../components/blocks";
import { DatabaseTable } from "../../../components/database";
import { addressAt, textAt } from "../../../lib/json";
import { getPreview, getPreviewDatabase, type Page } from "../../../lib/kv";
import { idsOf } from "../../../lib/links";
import { pagePath, slugOf } from "../../../lib/paths";
import { isWithin, PREVIEW_COOKIE, previewedSlug } from "../../../lib/preview";

export const metadata: Metadata = { robots: { index: false } };

type Props = { params: Promise<{ slug: string[] }>; searchParams: Promise<{ database?: string | string[] }> };

/**
 * A page as it is to become, or a `database` that stands on it, for who came by a link to the page or to one above it; for
 * everybody else nothing is here.
 */
export default async function Preview({ params, searchParams }: Props) {
  const slug = slugOf((await params).slug);
  const link = (await cookies()).get(PREVIEW_COOKIE)?.value ?? "";
  const shown = (await draftMode()).isEnabled ? previewedSlug(link) : null;
  const page = shown !== null && isWithin(slug, shown) ? await getPreview(slug) : null;
  if (!page) notFound();
  const { database } = await searchParams;
  if (database !== undefined) return <PreviewedDatabase id={String(database)} page={page} />;
  const path = pagePath(`preview/${slug}`);
  const cover = addressAt(page.meta, "cover");
  return (
    <main>
      {cover && <img className="cover" src={cover} alt="" />}
      <h1>{textAt(page.meta, "title")}</h1>
      <Blocks blocks={page.blocks} links={page.links} pathOfDatabase={(id) => `${path}?${new URLSearchParams({ database: id })}`} />
    </main>
  );
}

async function PreviewedDatabase({ id, page }: { id: string; page: Page }) {
  const database = idsOf("child_database", page.blocks).includes(id) ? await getPreviewDatabase(id) : null;
  if (!database) notFound();
  return (
    <main>
      <DatabaseTable database={database} />
    </main>
  );
}
