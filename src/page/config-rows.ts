export interface ConfigRow {
  readonly option: string;
  readonly value: string;
}

/** The configuration as `/status` has it. */
type Masked = Readonly<Record<string, unknown>>;

/** What the connector holds in these, the file writes with a unit. */
const UNITS = {
  Ms: { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 },
  Bytes: { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 },
} as const;

/** Every option as a line, as the configuration file writes it: the chosen scan's and its tenant's, then the connector's own. */
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
  if (!isBranch) return [leafOf(option, value)];
  return Object.entries(value).flatMap(([key, item]) => rowsOf(option === "" ? key : `${option}.${key}`, item));
}

function leafOf(option: string, value: unknown): ConfigRow {
  const suffix = (["Ms", "Bytes"] as const).find((each) => option.endsWith(each));
  const name = suffix === undefined ? option : option.slice(0, -suffix.length);
  const isAmount = value !== null && [value].flat().every((each) => typeof each === "number");
  if (suffix === undefined || !isAmount) {
    return { option: name, value: typeof value === "string" ? value : JSON.stringify(value) };
  }
  const amounts = ([value].flat() as number[]).map((amount) => amountOf(amount, UNITS[suffix]));
  return { option: name, value: amounts.join(", ") };
}

/** In the largest unit that fits it whole. */
function amountOf(amount: number, units: Readonly<Record<string, number>>): string {
  const [unit, size] = Object.entries(units).find(([, each]) => amount !== 0 && amount % each === 0) ?? ["", 1];
  return `${amount / size}${unit}`;
}
