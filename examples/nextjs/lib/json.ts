/**
 * Looks into JSON that others wrote. What is missing, null or of another type is simply not there, so a page with one
 * odd value in it is shown without that value.
 */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands under these names, one inside the other. Names that every object inherits are not among them. */
export function at(value: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) => (isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined),
    value,
  );
}

export function textAt(value: unknown, ...names: string[]): string {
  const found = at(value, ...names);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

export function flagAt(value: unknown, ...names: string[]): boolean {
  return at(value, ...names) === true;
}

export function numberAt(value: unknown, ...names: string[]): number | undefined {
  const found = at(value, ...names);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

export function listAt(value: unknown, ...names: string[]): unknown[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}

export function objectsAt(value: unknown, ...names: string[]): Json[] {
  return listAt(value, ...names).filter(isObject);
}

/** An address that a link or a picture may have; none that would run as a script, and no text that is no address. */
export function addressAt(value: unknown, ...names: string[]): string | undefined {
  const found = textAt(value, ...names);
  return /^(?!(javascript|vbscript|data):)([a-z][a-z\d+.-]*:|[/#])/i.test(found) ? found : undefined;
}
