import type { Answer, TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { type SimActivity, SimTenant } from "../fakes/sim-tenant.ts";
import { promisesAlone, VirtualClock } from "../fakes/virtual-clock.ts";
import { Seeded } from "../simulation/seeded.ts";
import { BEGIN_MS, crashAtMs, FAULT_SHARE, PAGE_CEILING, traffic } from "./traffic.ts";

const HOUR_MS = 3_600_000;
/** The crash comes with the so-manieth answer that says there is more. */
const CRASH_ANSWER = 3;
const FAULTS: readonly Verdict[] = [
  { kind: "retry", reason: "500 with HTML" },
  { kind: "contract", reason: "200 with an error as JSON" },
  { kind: "throttled", waitMs: 30_000, hint: "body" },
];

/** Where collectors are compared: the same traffic, the same share of faults, and one crash, for each of them. */
export class Site {
  readonly clock = new VirtualClock(BEGIN_MS, promisesAlone);
  readonly tenant: SimTenant;
  readonly activities: readonly SimActivity[];
  /** Ids in the order that they reached the other side. */
  readonly published: string[] = [];
  #crashAtMs: number | null;
  #answersInside = 0;

  constructor(seed: number) {
    this.activities = traffic(seed);
    this.#crashAtMs = crashAtMs(seed);
    const seeded = new Seeded(seed + 2_000);
    this.tenant = new SimTenant({
      clock: this.clock,
      pageCeiling: PAGE_CEILING,
      fault: () => (seeded.chance(FAULT_SHARE) ? seeded.pick(FAULTS) : null),
    });
    this.tenant.activities.push(...this.activities);
  }

  /** Whether the collector dies with this answer in its hands; once. */
  isDeadly({ verdict }: Answer): boolean {
    const nowMs = this.clock.nowMs();
    if (this.#crashAtMs === null || nowMs < this.#crashAtMs) return false;
    if (verdict.kind === "page" && verdict.hasNext) this.#answersInside += 1;
    if (this.#answersInside < CRASH_ANSWER && nowMs < this.#crashAtMs + 24 * HOUR_MS) return false;
    this.#crashAtMs = null;
    return true;
  }

  fetchPage(request: PageRequest, take: TakeActivity, signal: AbortSignal): Promise<Answer> {
    return this.tenant.fetchPage(request, take, signal);
  }
}
