import { z } from "zod";
import { digestText } from "./digest.ts";
import { ID_BYTES } from "./id-table.ts";
import type { Ledger } from "./ledger.ts";
import { count, epochMs } from "./pass.ts";
import { sliceOf } from "./slice.ts";

/** Ids of 16 bytes each, one behind the other, in base64. */
const idsText = z.base64().refine((text) => Buffer.from(text, "base64").length % ID_BYTES === 0, {
  message: "it holds no whole number of ids",
});

const hourSchema = z.strictObject({
  sliceMs: epochMs,
  /** What the hour's ledger says; where it says something else by then, somebody has published there meanwhile. */
  ids: count,
  digest: digestText,
  /** Ids that were never published. */
  never: idsText,
  /** Ids that the ledger counts, or may count, and that the topic lacks: who has the first copy gets them twice. */
  again: idsText,
});

/** Ids in one repair, so that its command, which stays in the history, and the job's record are small. */
export const REPAIR_IDS_MAX = 500;

/** What a job is to publish by name, hour by hour, and what it goes by. */
export const repairSchema = z
  .array(hourSchema)
  .refine((hours) => hours.reduce((sum, hour) => sum + idsOf(hour).length, 0) <= REPAIR_IDS_MAX, {
    message: `it holds more than ${REPAIR_IDS_MAX} ids`,
  });
export type RepairHour = Readonly<z.infer<typeof hourSchema>>;
export type Repair = readonly RepairHour[];

/** How an activity is to be published by name; null: it is not. */
export type Remedy = "never" | "again" | null;

export const textOf = (ids: readonly Buffer[]): string => Buffer.concat(ids).toString("base64");

/** The ids of an hour that are to be published. */
export const idsOf = ({ never, again }: RepairHour): Buffer[] => [...idsIn(never), ...idsIn(again)];

function idsIn(text: string): Buffer[] {
  const bytes = Buffer.from(text, "base64");
  const count = Math.floor(bytes.length / ID_BYTES);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * ID_BYTES, (at + 1) * ID_BYTES));
}

/** Whether an hour is still as it was when its repair was asked for, or as the repair itself has left it. */
const isAsked = (hour: RepairHour, { ids, digest }: Ledger): boolean => hour.ids === ids && hour.digest === digest;

/** What is to become of an id that is shown at a value. @param ledgerOf as it is committed. */
export function remedies(
  repair: Repair,
  ledgerOf: (sliceMs: number) => Ledger,
): (id: Buffer, valueMs: number) => Remedy {
  const hours = new Map<number, Map<string, Remedy>>();
  for (const hour of repair) {
    if (!isAsked(hour, ledgerOf(hour.sliceMs))) continue;
    const never = idsIn(hour.never).map((id) => [id.toString("hex"), "never"] as const);
    const again = idsIn(hour.again).map((id) => [id.toString("hex"), "again"] as const);
    hours.set(hour.sliceMs, new Map<string, Remedy>([...again, ...never]));
  }
  return (id, valueMs) => hours.get(sliceOf(valueMs))?.get(id.toString("hex")) ?? null;
}

/**
 * What is left once a page is committed: without what it publishes, and by the ledgers that it leaves behind.
 * @param published ids that the page publishes by name.
 */
export function repairLeft(
  repair: Repair,
  published: readonly Buffer[],
  ledgers: { before(sliceMs: number): Ledger; after(sliceMs: number): Ledger },
): Repair {
  const gone = new Set(published.map((id) => id.toString("hex")));
  const left = (text: string) => textOf(idsIn(text).filter((id) => !gone.has(id.toString("hex"))));
  return repair.flatMap((hour) => {
    if (!isAsked(hour, ledgers.before(hour.sliceMs))) return [hour];
    const { ids, digest } = ledgers.after(hour.sliceMs);
    const next = { ...hour, ids, digest, never: left(hour.never), again: left(hour.again) };
    return next.never + next.again === "" ? [] : [next];
  });
}
