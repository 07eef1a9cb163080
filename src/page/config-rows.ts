export interface ConfigRow {
  readonly option: string;
  readonly value: string;
}

/** The configuration as `/status` has it. */
type Masked = Readonly<Record<string, unknown>>;

/** Every option as a line: the chosen scan's and its tenant's, then the connector's own. */
export function configRows(
  { tenants, scans, ...connector }: Masked,
  chosen: { readonly scan: string; readonly tenant: string } | null,
): ConfigRow[] {
  const ofChosen =
    chosen === null
      ? []
      : [...named("scans", scans, chosen.scan), ...named("tenants", tenants, chosen.tenant)].flatMap(
          ({ option, value }) => rowsOf(option, value),
        );
  return [...ofChosen, ...rowsOf("", connector)];
}

/** Those of a list that have the name, which becomes a part of their options' names. */
function named(group: string, list: unknown, wanted: string): { readonly option: string; readonly value: unknown }[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Masked[])
    .filter(({ name }) => name === wanted)
    .map(({ name: _, ...value }) => ({ option: `${group}.${wanted}`, value }));
}

function rowsOf(option: string, value: unknown): ConfigRow[] {
  const isBranch =
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isBranch) return [{ option, value: typeof value === "string" ? value : JSON.stringify(value) }];
  return Object.entries(value).flatMap(([key, item]) => rowsOf(option === "" ? key : `${option}.${key}`, item));
}
