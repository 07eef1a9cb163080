import type { Clock } from "../kit/clock.ts";
import type { Random } from "../kit/random.ts";
import { Archive } from "./archive.ts";
import { Credentials } from "./credentials.ts";
import { FaultDraw } from "./faults.ts";
import { IssuedFilters } from "./next-filters.ts";
import type { MockTenantOptions, MockTenantSettings } from "./settings.ts";
import { withSettings } from "./settings-check.ts";
import type { StoryRow } from "./stories.ts";
import { Traffic } from "./traffic.ts";

/** What a running mock tenant knows; handlers share it. */
export class TenantState {
  readonly clock: Clock;
  readonly archive: Archive;
  readonly traffic: Traffic;
  readonly credentials = new Credentials();
  readonly issued = new IssuedFilters();
  readonly faults: FaultDraw;
  #settings: MockTenantSettings;

  constructor(settings: MockTenantSettings, clock: Clock, random: Random) {
    this.#settings = settings;
    this.clock = clock;
    this.faults = new FaultDraw(random);
    this.faults.queue(settings.faultsNext);
    const startMs = this.nowMs();
    this.archive = new Archive(settings, startMs);
    this.archive.advance(startMs, settings);
    this.traffic = new Traffic(startMs);
  }

  get settings(): MockTenantSettings {
    return this.#settings;
  }

  /** Of the tenant's clock, which may be skewed. */
  nowMs(): number {
    return this.clock.nowMs() + this.#settings.clockSkewMs;
  }

  /** Brings the archive up to now; the instant. */
  advance(): number {
    const nowMs = this.nowMs();
    this.archive.advance(nowMs, this.#settings);
    return nowMs;
  }

  /** The stories as of now. */
  stories(): StoryRow[] {
    this.advance();
    return this.archive.stories();
  }

  /** @throws Error that lists every problem, when the change cannot be applied; nothing is changed then. */
  change(change: MockTenantOptions): void {
    const settings = withSettings(change, this.#settings, true);
    this.advance();
    this.#settings = settings;
    if (change.faultsNext !== undefined) this.faults.queue(change.faultsNext);
    this.advance();
  }
}
