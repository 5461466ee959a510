/** A database that stands inside a page, as a table. */
import { at, objectsAt, textAt } from "../lib/json";
import type { Database } from "../lib/kv";

export function DatabaseTable({ database }: { database: Database }) {
  const names = Object.keys(database.properties ?? {});
  return (
    <>
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
    </>
  );
}

/** A property's value in words: a text, a number, a list of them, a span of dates, or what bears a name. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).filter(Boolean).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  const span = [textAt(value, "start"), textAt(value, "end")].filter(Boolean).join(" – ");
  return textAt(value) || span || textAt(value, "name");
}
