import { assert } from "../kit/errors.ts";
import { publishesAt } from "../scan/comparable.ts";
import type { Pass } from "../scan/pass.ts";
import { PassIds } from "../scan/pass-ids.ts";
import { remedies } from "../scan/repair.ts";
import { SLICE_MS, sliceOf } from "../scan/slice.ts";
import type { Comparison } from "./page.ts";
import type { ScanMemory } from "./scan-memory.ts";
import type { ReaderRun } from "./scan-run.ts";

/** What a page is compared with when a verify job reads it; null when another reader does. */
export function comparisonOf(memory: ScanMemory, reader: string, run: ReaderRun, pass: Pass): Comparison | null {
  if (memory.jobs.get(reader)?.origin !== "verify") return null;
  const { cursor, slices } = memory;
  const known = { cursor, ledgerOf: (sliceMs: number) => slices.ledgerOf(sliceMs) };
  if (pass.pages === 0) run.seen = new PassIds(pass, (sliceMs) => slices.ledgerOf(sliceMs).ids);
  assert(run.seen !== null, "a verify job's pass that has begun has been shown something by this process");
  const isCompared = (valueMs: number | null) => {
    if (valueMs !== null) return !publishesAt(known, valueMs);
    // Without a time it may be one that was dead-lettered when any of these was read, and is forgotten with that.
    const reachMs = pass.reachMs ?? pass.baseMs;
    for (let atMs = pass.baseMs; atMs <= reachMs; atMs = sliceOf(atMs) + SLICE_MS) {
      if (!publishesAt(known, atMs)) return true;
    }
    return false;
  };
  const repair = memory.jobs.get(reader)?.repair ?? [];
  return { isCompared, seen: run.seen, remedyOf: remedies(repair, known.ledgerOf) };
}
