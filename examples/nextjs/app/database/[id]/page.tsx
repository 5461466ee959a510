import { notFound } from "next/navigation";
import { dependOn, MISSING_SECONDS } from "../../../lib/cache";
import { at, objectsAt, textAt } from "../../../lib/json";
import { getDatabase, isPublic } from "../../../lib/kv";
import { slugOf } from "../../../lib/paths";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = slugOf([(await params).id]);
  const database = await getDatabase(id);
  await dependOn(`db:${id}`, database ? undefined : MISSING_SECONDS);
  if (!database || !isPublic(database)) notFound();
  const names = Object.keys(database.properties ?? {});
  return (
    <main>
      <h1>{textAt(database, "title")}</h1>
      <table>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {objectsAt(database, "items").map((item, row) => (
            <tr key={row}>
              {names.map((name) => (
                <td key={name}>{shown(at(item, "properties", name))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

/** A property's value in words: a text, a number, a list of them, a span of dates, or what bears a name. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).filter(Boolean).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  const span = [textAt(value, "start"), textAt(value, "end")].filter(Boolean).join(" – ");
  return textAt(value) || span || textAt(value, "name");
}
