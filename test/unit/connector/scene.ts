import type { Config, ScanConfig } from "../../../src/config/config.ts";
import type { Event } from "../../../src/observe/events.ts";
import { type Cursor, decodeCursor } from "../../../src/scan/cursor.ts";
import { cursorKey, decodeLedger, type Ledger, parseSliceKey } from "../../../src/scan/ledger.ts";
import type { Verdict } from "../../../src/tenant/answer.ts";
import { MemoryCluster, type Step } from "../../fakes/memory-kafka.ts";
import { publishedIds, SIM_CURSORS, type SimProcess, simConfig, startSim } from "../../fakes/sim-connector.ts";
import { bodyOf, type SimActivity, type SimOptions, SimTenant } from "../../fakes/sim-tenant.ts";
import { VirtualClock } from "../../fakes/virtual-clock.ts";

/** 2026-11-23 09:00, an edge of slices. */
export const NOW_MS = Date.UTC(2026, 10, 23, 9);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** An activity saved at `createdMs`, two minutes after it happened, and shown since then. */
export const saved = (id: string, createdMs: number, more: Partial<SimActivity> = {}): SimActivity => ({
  id,
  createdMs,
  dateMs: createdMs - 2 * MINUTE_MS,
  visibleMs: createdMs,
  ...more,
});

/** `count` activities, one every `everyMs`, the last `agoMs` before now. */
export const backlog = (count: number, everyMs = MINUTE_MS, agoMs = MINUTE_MS): SimActivity[] =>
  Array.from({ length: count }, (_, at) => saved(`a${at}`, NOW_MS - agoMs - (count - 1 - at) * everyMs));

/** An activity whose JSON is `bytes`; it is found by its times all the same. */
export const sent = (id: string, createdMs: number, bytes: Buffer | string | object): SimActivity => {
  const text = Buffer.isBuffer(bytes) || typeof bytes === "string" ? bytes : JSON.stringify(bytes);
  return saved(id, createdMs, { body: Buffer.from(text as string) });
};

/** An activity's JSON of `length` bytes. */
export const large = (id: string, createdMs: number, length: number): SimActivity => {
  const plain = bodyOf(saved(id, createdMs)).toString();
  const open = `${plain.slice(0, -1)},"filler":"`;
  return sent(id, createdMs, `${open}${"x".repeat(length - open.length - 2)}"}`);
};

export interface SceneOptions extends Partial<Omit<SimOptions, "clock">> {
  readonly activities?: readonly SimActivity[];
  readonly scan?: Partial<ScanConfig>;
  readonly config?: Partial<Config>;
}

/** A connector on simulated parts, and what can be seen of it. */
export class Scene {
  readonly clock = new VirtualClock(NOW_MS);
  readonly cluster = new MemoryCluster(SIM_CURSORS);
  readonly tenant: SimTenant;
  config: Config;
  readonly #started: SimProcess[] = [];

  constructor({ activities = [], scan = {}, config = {}, ...options }: SceneOptions = {}) {
    this.tenant = new SimTenant({ clock: this.clock, pageCeiling: 500, ...options });
    this.tenant.activities.push(...activities);
    this.config = { ...simConfig(scan), ...config };
  }

  start(step?: Step): SimProcess {
    const { cluster, tenant, clock, config } = this;
    const process = startSim(
      step === undefined ? { cluster, tenant, clock } : { cluster, tenant, clock, step },
      config,
    );
    this.#started.push(process);
    return process;
  }

  /** Goes on until `forMs` have passed. */
  async pass(forMs: number): Promise<void> {
    const untilMs = this.clock.nowMs() + forMs;
    await this.clock.runUntil(() => this.clock.nowMs() >= untilMs, 50_000);
  }

  /** Goes on until the connector says `wanted`. */
  async until(wanted: (event: Event) => boolean): Promise<void> {
    await this.clock.runUntil(() => this.events.some(wanted), 20_000);
  }

  /** Kills what runs, forgets who sleeps, and starts anew. */
  restart(): SimProcess {
    this.#started.at(-1)?.kill();
    this.clock.forget();
    return this.start();
  }

  /** Of the process started last. */
  get events(): readonly Event[] {
    return this.#started.at(-1)?.events ?? [];
  }

  of<T extends Event["type"]>(type: T): Extract<Event, { type: T }>[] {
    return this.events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
  }

  anomalies(kind: string): number {
    return this.of("anomaly").filter((event) => event.kind === kind).length;
  }

  /** What the scan did, one state after the other. */
  get states(): string[] {
    return this.of("scan_state").map((event) => event.state);
  }

  get published(): string[] {
    return publishedIds(this.cluster);
  }

  get deadLetters() {
    return this.cluster.committed("sim-dlq");
  }

  get #state(): ReadonlyMap<string, Buffer> {
    const shards = Array.from({ length: SIM_CURSORS.partitions }, (_, shard) => this.cluster.committedState(shard));
    return new Map(shards.flatMap((shard) => [...shard]));
  }

  /** The committed cursor of a scan. */
  cursor(scan = "contoso-all"): Cursor {
    return decodeCursor(this.#state.get(cursorKey(scan)) ?? Buffer.alloc(0), scan);
  }

  /** The committed ledgers, by the start of their slice; and how many chunks of ids there are. */
  ledgers(): Map<number, Ledger & { chunks: number }> {
    const ledgers = new Map<number, Ledger & { chunks: number }>();
    const keys = [...this.#state.keys()].flatMap((key) => parseSliceKey(key) ?? []);
    for (const [key, value] of this.#state) {
      const slice = parseSliceKey(key);
      if (slice === null || slice.chunk !== null) continue;
      const chunks = keys.filter((other) => other.sliceMs === slice.sliceMs && other.chunk !== null).length;
      ledgers.set(slice.sliceMs, { ...decodeLedger(value, key), chunks });
    }
    return ledgers;
  }

  /** Transactions committed by the process started last. */
  get transactions(): number {
    return this.of("transaction_ended").filter((event) => event.result === "committed").length;
  }
}

export const page = (more: Partial<Extract<Verdict, { kind: "page" }>> = {}): Verdict => ({
  kind: "page",
  hasNext: false,
  nextFilters: null,
  total: 0,
  activities: 0,
  ...more,
});

export const idsOf = (activities: readonly SimActivity[]): string[] => activities.map(({ id }) => id).sort();

export const sorted = (ids: readonly string[]): string[] => [...ids].sort();
