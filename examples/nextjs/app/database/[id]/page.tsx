import { notFound } from "next/navigation";
import { DatabaseTable } from "../../../components/database";
import { dependOn, MISSING_SECONDS } from "../../../lib/cache";
import { getDatabase, isPublic } from "../../../lib/kv";
import { slugOf } from "../../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = slugOf([(await params).id]);
  const database = await getDatabase(id);
  await dependOn(`db:${id}`, database ? undefined : MISSING_SECONDS);
  if (!database || !isPublic(database)) notFound();
  return (
    <main>
      <DatabaseTable database={database} />
    </main>
  );
}
