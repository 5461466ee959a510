import type { Metadata } from "next";
import { cookies, draftMode } from "next/headers";
import { notFound } from "next/navigation";
import { Blocks } from "../../../components/blocks";
import { addressAt, textAt } from "../../../lib/json";
import { getPreview } from "../../../lib/kv";
import { slugOf } from "../../../lib/paths";
import { isWithin, PREVIEW_COOKIE, previewedSlug } from "../../../lib/preview";

export const metadata: Metadata = { robots: { index: false } };

type Props = { params: Promise<{ slug: string[] }> };

/** A page as it is to become, for who came by a link to it or to a page above it; for everybody else nothing is here. */
export default async function Preview({ params }: Props) {
  const slug = slugOf((await params).slug);
  const link = (await cookies()).get(PREVIEW_COOKIE)?.value ?? "";
  const shown = (await draftMode()).isEnabled ? previewedSlug(link) : null;
  const page = shown !== null && isWithin(slug, shown) ? await getPreview(slug) : null;
  if (!page) notFound();
  const cover = addressAt(page.meta, "cover");
  return (
    <main>
      {cover && <img className="cover" src={cover} alt="" />}
      <h1>{textAt(page.meta, "title")}</h1>
      <Blocks blocks={page.blocks} links={page.links} />
    </main>
  );
}
