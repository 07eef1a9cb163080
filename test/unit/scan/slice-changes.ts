import { idHash } from "../../../src/scan/digest.ts";
import { decodeLedger, type Ledger, type StateEntry } from "../../../src/scan/ledger.ts";
import { type SliceAddition, SliceDraft } from "../../../src/scan/slice-draft.ts";
import { Slices } from "../../../src/scan/slices.ts";

export const newSlices = () => new Slices("all", "created");

/** The ids `id <from>` and on, as hashes. */
export const ids = (from: number, count: number) => Array.from({ length: count }, (_, at) => idHash(`id ${from + at}`));

export const adding = (
  sliceMs: number,
  added: readonly Buffer[],
  more: Partial<SliceAddition> = {},
): SliceAddition => ({
  sliceMs,
  ids: added,
  read: added.length,
  duplicates: 0,
  deadLettered: 0,
  late: 0,
  ...more,
});

/** Applies what `steps` do to `slices`, as one change. @returns its records. */
export function change(slices: Slices, ...steps: readonly ((draft: SliceDraft) => void)[]): StateEntry[] {
  const draft = new SliceDraft(slices);
  for (const step of steps) step(draft);
  const { state } = draft;
  draft.apply();
  return state;
}

/** Adds to `slices`, as one change. @returns its records. */
export const add = (slices: Slices, ...additions: readonly SliceAddition[]): StateEntry[] =>
  change(slices, (draft) => {
    for (const addition of additions) draft.add(addition);
  });

export const chunksIn = (state: readonly StateEntry[]) => state.filter(({ key }) => key.includes('"chunk"'));

/** The ledger that a change writes last. */
export const lastLedger = (state: readonly StateEntry[]): Ledger =>
  decodeLedger(Buffer.from(state.at(-1)?.value ?? ""), "test");
