import type { ScanConfig } from "../config/config.ts";
import type { Clock } from "../kit/clock.ts";
import type { Emit, Judgement } from "../observe/events.ts";
import {
  asked,
  baselineMs,
  brokeSilence,
  judge,
  NO_SILENCE,
  reachFromMs,
  type Silence,
  stayedSilent,
  wantsProbe,
} from "../scan/silence.ts";

/** Tells whether a scan that shows nothing is idle or suspect, from its polls and from wider queries; says so. */
export class SilenceWatch {
  readonly #config: ScanConfig;
  readonly #emit: Emit;
  #silence: Silence = NO_SILENCE;
  #suspicion: string | null = null;
  /** The first thing told ends what was said of the scan before this watch began. */
  #hasTold = false;

  constructor(config: ScanConfig, emit: Emit) {
    this.#config = config;
    this.#emit = emit;
  }

  /** A page of the tail. `isCaughtUp`: it was the last of a pass that reached now. */
  polled(activities: number, isCaughtUp: boolean, clock: Clock): void {
    const before = this.#silence;
    if (activities > 0) {
      this.#silence = brokeSilence(before, clock.monotonicMs());
      this.#suspicion = null;
      if (before.sinceMs !== null || !this.#hasTold) this.#tell(clock);
    } else if (isCaughtUp) {
      this.#silence = stayedSilent(before, clock.monotonicMs());
      if (before.sinceMs === null) this.#tell(clock);
    }
  }

  /** Whether a wider query has to be asked now. */
  get wantsProbe(): boolean {
    return wantsProbe(this.#silence);
  }

  /** Why the scan is suspect; null: it is not. */
  get suspicion(): string | null {
    return this.#suspicion;
  }

  /** The wider query is about to be asked. @returns from when on, in the server's time. */
  probing(clock: Clock, serverNowMs: number): number {
    this.#silence = asked(this.#silence, clock.monotonicMs());
    return reachFromMs(this.#silence, clock.monotonicMs(), serverNowMs);
  }

  /** The wider query over `reachMs` back has shown `found` activities, and counts `total`, without an error. */
  probed({ found, total, reachMs }: { found: number; total: number; reachMs: number }, clock: Clock): void {
    const nowMs = clock.monotonicMs();
    this.#silence = judge(this.#silence, found, nowMs);
    const { sinceMs } = this.#silence;
    const minutes = Math.round((nowMs - (sinceMs ?? nowMs)) / 60_000);
    const counted = total === 0 ? "" : `, though it counts ${total}`;
    this.#suspicion =
      found > 0
        ? null
        : `silent for ${minutes} min, and the last ${Math.round(reachMs / 3_600_000)} h show nothing even without its ` +
          `filters${counted}; there is no error: ${WHAT_TO_CHECK}`;
    this.#tell(clock);
  }

  #tell(clock: Clock): void {
    this.#hasTold = true;
    const { tenant, name: scan } = this.#config;
    const { sinceMs, judged } = this.#silence;
    const epochMs = clock.nowMs() - clock.monotonicMs();
    this.#emit({
      type: "silence",
      tenant,
      scan,
      sinceMs: sinceMs === null ? null : Math.round(epochMs + sinceMs),
      baselineMs: baselineMs(this.#silence),
      judged: judged === null ? null : inEpoch(judged, epochMs),
      reason: this.#suspicion,
    });
  }
}

const WHAT_TO_CHECK =
  "check that the token may still read all activities (permission, scope), the tenant's licence and connectors, " +
  "and how long it keeps activities";

function inEpoch(judged: Judgement, epochMs: number): Judgement {
  return judged.kind === "idle"
    ? { ...judged, atMs: Math.round(epochMs + judged.atMs) }
    : { ...judged, sinceMs: Math.round(epochMs + judged.sinceMs) };
}
