import { notHonoured, type PageFacts, pagedOtherwise } from "../scan/fold.ts";
import { type Ask, firstFilters } from "../scan/pass.ts";
import type { Answer } from "../tenant/answer.ts";
import type { CursorField } from "../tenant/request.ts";
import { askProbe } from "./probe.ts";
import type { ScanMemory } from "./scan-memory.ts";
import type { ScanRun } from "./scan-run.ts";
import type { ScanTurn } from "./scan-turn.ts";
import type { TenantRun } from "./tenant-run.ts";

/** Nothing is saved this far ahead of the server's clock: an honoured bound there finds nothing. */
const PROBE_AHEAD_MS = 24 * 3_600_000;

/** What asking for what cannot be there came to. */
interface Probe {
  readonly serverNowMs: number;
  readonly found: number;
  readonly total: number;
}

/** Whether a scan's pages may be published along the field that was asked, and which field that is. */
export class FieldDecision {
  readonly #tenant: TenantRun;
  readonly #scan: ScanRun;
  readonly #turn: Pick<ScanTurn, "anomaly" | "hold" | "leavePass">;

  constructor(tenant: TenantRun, scan: ScanRun, turn: Pick<ScanTurn, "anomaly" | "hold" | "leavePass">) {
    this.#tenant = tenant;
    this.#scan = scan;
    this.#turn = turn;
  }

  /**
   * Whether the page may be published: the API honours the cursor field. With `cursorField: auto` that is
   * settled here, once, before the first publish; later a breach holds the scan, loudly.
   */
  async isHonoured(memory: ScanMemory, ask: Ask, facts: PageFacts, signal: AbortSignal): Promise<boolean> {
    const breach = notHonoured(ask, facts);
    const otherwise = pagedOtherwise(ask, facts);
    if (memory.cursor.cursorField !== null) {
      if (otherwise !== null) this.#turn.anomaly("field_not_honoured", otherwise);
      if (breach === null) return true;
      this.#turn.anomaly("out_of_bounds", breach);
      this.#turn.leavePass(memory);
      this.#turn.hold("blocked", `${ask.field} is not honoured: ${breach}`, "api_contract");
      return false;
    }
    const reason = breach ?? otherwise;
    if (reason !== null) {
      this.#decide(memory, "date", reason);
      return false;
    }
    if (facts.activities === 0) return true;
    const first = await this.probe(signal);
    // Empty against its own total: that proves nothing, and is asked once more.
    const probe = first !== null && first.found === 0 && first.total > 0 ? await this.probe(signal) : first;
    if (probe === null) return false;
    if (probe.found > 0) {
      this.#decide(memory, "date", `a bound on created in the future found ${probe.found} activities`);
      return false;
    }
    this.#decide(memory, "created", "a bound on created is honoured");
    return true;
  }

  #decide(memory: ScanMemory, field: CursorField, reason: string): void {
    const { tenant, name } = this.#scan.config;
    this.#turn.leavePass(memory);
    memory.decide(field);
    this.#tenant.deps.emit({ type: "cursor_field_decided", tenant, scan: name, field, reason });
  }

  /** Asks for what cannot be there: tells the server's time, and whether bounds on `created` are honoured. */
  async probe(signal: AbortSignal): Promise<Probe | null> {
    const scan = this.#scan;
    await this.#tenant.awaitRequest(signal);
    const aheadMs = this.#tenant.serverNowMs() + PROBE_AHEAD_MS;
    const filters = firstFilters(scan.config.filters, "created", { fromMs: aheadMs, untilMs: null });
    const probed = await askProbe(this.#tenant, scan, { filters, field: "created" }, signal);
    if (probed === null) return null;
    const { answer, found } = probed;
    if (answer.verdict.kind !== "page") {
      this.#refusedProbe(answer.verdict);
      return null;
    }
    scan.failures = 0;
    const serverNowMs = answer.serverNowMs ?? this.#tenant.serverNowMs();
    return { serverNowMs, found, total: answer.verdict.total ?? 0 };
  }

  #refusedProbe(verdict: Answer["verdict"]): void {
    const reason = verdict.kind === "page" || verdict.kind === "throttled" ? verdict.kind : verdict.reason;
    const rejected = verdict.kind === "rejected";
    this.#turn.anomaly(rejected ? "filters_rejected" : "contract_error", reason);
    if (rejected) this.#turn.hold("blocked", reason, "api_rejected");
    else this.#turn.hold("retrying", reason, "api_contract");
  }
}
