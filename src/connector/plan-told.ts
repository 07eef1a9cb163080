import type { ScanConfig } from "../config/config.ts";
import type { Event } from "../observe/events.ts";
import { countsOf } from "../scan/verify.ts";
import type { PagePlan, ScanMemory } from "./scan-memory.ts";
import { cursorMoved } from "./scan-progress.ts";

/**
 * What is told once a page's change of state is committed: where the scan stands; gaps closed, slices compared, a
 * verify job's end.
 * @param plan null: there was nothing to commit.
 */
export function planTold(
  config: ScanConfig,
  reader: string,
  { memory, serverNowMs }: { readonly memory: ScanMemory; readonly serverNowMs: number },
  plan: PagePlan | null,
): Event[] {
  const moved = cursorMoved(config, memory, serverNowMs);
  if (plan === null) return [moved];
  const { tenant, name: scan } = config;
  const { closed, judged, done } = plan;
  const gaps = closed.map(({ fromMs, untilMs, reason }): Event => {
    return { type: "gap_closed", tenant, scan, fromMs, untilMs, reason, reader };
  });
  const slices = judged.map(({ sliceMs, verdict, published, shown, reason }): Event => {
    return { type: "slice_verified", tenant, scan, reader, sliceMs, verdict, published, shown, reason };
  });
  if (done?.verify == null) return [moved, ...gaps, ...slices];
  const told = { tenant, scan, reader, ...done.whole, ...countsOf(done.verify) };
  return [moved, ...gaps, ...slices, { type: "verify_done", ...told }];
}
