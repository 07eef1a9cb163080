import type { Answer } from "../tenant/answer.ts";
import type { CursorField, Filters } from "../tenant/request.ts";
import { openPageTrace } from "./page-trace.ts";
import { LIMIT_MIN, type ScanRun } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

/** A question of which nothing is published: what came, and how many activities it showed. */
export interface Probed {
  readonly answer: Answer;
  readonly found: number;
}

/**
 * Asks once, within the budget, only to see what is shown. Null: it failed, or the answer concerns the whole tenant,
 * which waits then if need be.
 */
export async function askProbe(
  tenant: TenantRun,
  scan: ScanRun,
  { filters, field }: { readonly filters: Filters; readonly field: CursorField },
  signal: AbortSignal,
): Promise<Probed | null> {
  await tenant.awaitRequest(signal);
  const request = {
    filters: JSON.stringify(filters),
    sortField: field,
    sortDirection: "asc" as const,
    limit: LIMIT_MIN,
  };
  const { tenant: tenantName, name } = scan.config;
  const asked = { tenant: tenantName, scan: name, reader: "probe", page: 1, limit: request.limit };
  const trace = openPageTrace(tenant.deps, asked);
  let found = 0;
  const count = () => {
    found += 1;
    return true;
  };
  try {
    const answer = await tenant.request(scan, request, count, signal);
    trace?.succeeded();
    trace?.answered(answer, null);
    return answer === null || !tenant.settle(scan, answer) ? null : { answer, found };
  } finally {
    trace?.end();
  }
}
