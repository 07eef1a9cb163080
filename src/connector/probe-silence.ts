import { askProbe } from "./probe.ts";
import type { ScanRun } from "./scan-run.ts";
import type { TenantRun } from "./tenant-run.ts";

/**
 * Decides whether a silent scan is idle: asks for anything at all, without the scan's filters, from before the silence
 * began. Publishes nothing, moves nothing, and holds nothing: an answer that is no page is counted and decides nothing.
 */
export async function probeSilence(tenant: TenantRun, scan: ScanRun, signal: AbortSignal): Promise<void> {
  const { clock, emit } = tenant.deps;
  const field = scan.memory?.cursor.cursorField ?? "created";
  const serverNowMs = tenant.serverNowMs();
  const fromMs = scan.silence.probing(clock, serverNowMs);
  const probed = await askProbe(tenant, scan, { filters: { [field]: { gte: fromMs } }, field }, signal);
  if (probed === null) return;
  const { answer, found } = probed;
  const { verdict } = answer;
  if (found === 0 && verdict.kind !== "page") {
    const { tenant: name, name: scanName } = scan.config;
    const kind = verdict.kind === "rejected" ? "filters_rejected" : "contract_error";
    const reason = "reason" in verdict ? verdict.reason : verdict.kind;
    emit({ type: "anomaly", tenant: name, scan: scanName, kind, detail: `wider query: ${reason}` });
    return;
  }
  const total = verdict.kind === "page" ? (verdict.total ?? 0) : 0;
  scan.silence.probed({ found, total, reachMs: serverNowMs - fromMs }, clock);
  scan.judged();
}
