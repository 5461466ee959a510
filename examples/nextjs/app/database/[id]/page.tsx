import { notFound } from "next/navigation";
import { getDatabase, type PropertyValue } from "../../../lib/kv";

export const dynamic = "force-static"; // made at the first visit, kept until /revalidate says that it changed

export const generateStaticParams = () => [];

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const database = await getDatabase((await params).id);
  if (!database) notFound();
  const names = Object.keys(database.properties);
  return (
    <main>
      <h1>{database.title}</h1>
      <table>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {database.items.map((item) => (
            <tr key={item.id}>
              {names.map((name) => (
                <td key={name}>{text(item.properties[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

function text(value: PropertyValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (typeof value !== "object") return String(value);
  if ("start" in value) return [value.start, value.end].filter(Boolean).join(" – ");
  return "name" in value ? String(value.name ?? "") : "";
}
