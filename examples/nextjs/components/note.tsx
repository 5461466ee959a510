/** Says what stands in Notion where nothing can be shown. */
export function Note({ kind, why }: { kind: string; why?: string }) {
  return (
    <p className="note" title={why || undefined}>
      Not shown here: {kind.replaceAll("_", " ")}
    </p>
  );
}
