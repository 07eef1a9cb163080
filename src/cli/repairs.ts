import type { Ledger } from "../scan/ledger.ts";
import { REPAIR_IDS_MAX, type Repair, type RepairHour, textOf } from "../scan/repair.ts";
import type { Named } from "../scan/sides.ts";
import { SLICE_MS, sliceOf } from "../scan/slice.ts";
import type { Publication } from "./sides-report.ts";

/** Hours that follow each other, and what is to be published of them by name: one command, one job. */
export interface RepairRun {
  readonly fromMs: number;
  /** Excluded. */
  readonly untilMs: number;
  readonly repair: Repair;
  /** Activities. */
  readonly ids: number;
}

export interface Repairs {
  /** The earliest first. */
  readonly runs: readonly RepairRun[];
  /** Missing activities that were published before, or may have been, and that `--may-repeat` would publish again. */
  readonly held: number;
  /** Missing activities of hours that have more than one run takes. */
  readonly left: number;
}

export interface RepairOptions {
  readonly mayRepeat: boolean;
  ledgerOf(sliceMs: number): Ledger;
}

type Missing = Named & { readonly published: Publication };

/** What is to be published of what is missing. */
export function repairsOf(missing: readonly Missing[], { mayRepeat, ledgerOf }: RepairOptions): Repairs {
  const wanted = missing.filter(({ published }) => mayRepeat || published === "never");
  const byHour = new Map<number, Missing[]>();
  for (const each of [...wanted].sort((a, b) => a.valueMs - b.valueMs)) {
    const sliceMs = sliceOf(each.valueMs);
    const list = byHour.get(sliceMs) ?? [];
    byHour.set(sliceMs, list);
    if (list.length < REPAIR_IDS_MAX) list.push(each);
  }
  const runs: RepairRun[] = [];
  for (const [sliceMs, hour] of byHour) {
    const one = runOf(sliceMs, hour, ledgerOf(sliceMs));
    const last = runs.at(-1);
    const joins = last?.untilMs === sliceMs && last.ids + one.ids <= REPAIR_IDS_MAX;
    if (joins)
      runs[runs.length - 1] = {
        ...one,
        fromMs: last.fromMs,
        repair: [...last.repair, ...one.repair],
        ids: last.ids + one.ids,
      };
    else runs.push(one);
  }
  const taken = runs.reduce((sum, { ids }) => sum + ids, 0);
  return { runs, held: missing.length - wanted.length, left: wanted.length - taken };
}

function runOf(sliceMs: number, hour: readonly Missing[], { ids, digest }: Ledger): RepairRun {
  const those = (isNever: boolean) =>
    textOf(hour.filter(({ published }) => (published === "never") === isNever).map(({ id }) => id));
  const repair: RepairHour = { sliceMs, ids, digest, never: those(true), again: those(false) };
  return { fromMs: sliceMs, untilMs: sliceMs + SLICE_MS, repair: [repair], ids: hour.length };
}
