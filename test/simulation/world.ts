import { partitionOfKey } from "../../src/kafka/partitions.ts";
import { describeError } from "../../src/kit/errors.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { type SimProcess, simConfig, startSim } from "../fakes/sim-connector.ts";
import { SimTenant } from "../fakes/sim-tenant.ts";
import { ProcessClock, promisesAlone, VirtualClock } from "../fakes/virtual-clock.ts";
import { Changing } from "./changing.ts";
import { type Lie, Oracle } from "./oracle.ts";
import {
  type Act,
  type Incident,
  type Point,
  REQUESTS_MAX,
  type Scenario,
  scanConfig,
  type TenantFault,
} from "./scenario.ts";
import { TenantVisit } from "./tenant-visit.ts";
import { Trace } from "./trace.ts";
import { Verifying } from "./verifying.ts";
import { WatchedCluster } from "./watched-cluster.ts";

/** Jumps of the clock that a run may take: each request is a handful of them. */
const JUMPS_MAX = REQUESTS_MAX * 20;
/** Requests that are made at least, so that planned faults have their turn. */
const REQUESTS_MIN = 8;
/** After so many, what is not visible yet is not waited for any more. */
const REQUESTS_USUAL = 100;
/** And after everything is published: what would be published twice shows here. */
const REQUESTS_AFTER = 4;

/** The first byte of what is JSON. */
const BRACE = "{".charCodeAt(0);

const LIES: Partial<Record<TenantFault, Lie>> = {
  "same-again": "circle",
  "empty-with-next": "circle",
  "empty-with-total": "empty",
};

interface Process {
  readonly number: number;
  readonly clock: ProcessClock;
  sim: SimProcess | null;
  eventsJudged: number;
  isAlive: boolean;
}

/** A tenant, brokers, and processes of the connector that are started, harmed and followed by others. */
export class World {
  readonly oracle: Oracle;
  readonly trace: Trace;
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #server: SimTenant;
  readonly #cluster: WatchedCluster;
  readonly #faults: ReadonlyMap<number, TenantFault>;
  #incidents: readonly Incident[];
  readonly #processes: Process[] = [];
  readonly #passed = new Map<Point, number>();
  readonly #never = new AbortController();
  #travels = 0;
  #hash = "";
  readonly #verifying: Verifying;
  readonly #changing: Changing;
  #completeAt: number | null = null;

  constructor(scenario: Scenario, keepsTrace = false) {
    this.trace = new Trace(keepsTrace);
    this.#scenario = scenario;
    this.#clock = new VirtualClock(scenario.beginMs, promisesAlone);
    this.oracle = new Oracle(scenario, () => this.#clock.nowMs());
    this.#cluster = new WatchedCluster((records) => {
      for (const { topic, key, value } of records) {
        const text = value?.toString(value[0] === BRACE ? "utf8" : "base64") ?? "none";
        this.trace.add(`${topic} ${key} ${text}`);
      }
      this.oracle.committed(records);
    });
    const { refusesNext, ...tenant } = scenario.tenant;
    this.#server = new SimTenant({
      ...tenant,
      clock: this.#clock,
      fault: ({ filters }) =>
        refusesNext && filters.includes('"cursor"') ? { kind: "rejected", reason: "400 on next filters" } : null,
    });
    this.#server.activities.push(...scenario.activities);
    const nowMs = () => this.#clock.nowMs();
    const told = { oracle: this.oracle, trace: this.trace, cluster: this.#cluster, server: this.#server, nowMs };
    this.#verifying = new Verifying(scenario, told);
    this.#changing = new Changing(scenario, { ...told, clock: this.#clock });
    this.#faults = new Map([...scenario.faults].reverse().map(({ request, kind }) => [request, kind]));
    this.#incidents = scenario.incidents;
  }

  /** Plays the scenario to its end; the oracle holds what came of it. */
  async play(): Promise<void> {
    try {
      this.#start();
      await this.#clock.runUntil(() => this.#isOver(), JUMPS_MAX);
      if (this.oracle.failure === null) await this.#afterwards();
    } catch (error) {
      this.oracle.fail("no progress", describeError(error));
    }
    for (const process of this.#processes) this.#kill(process);
    // The dead are not waited for, but what is never aborted is never given back either.
    this.#hash = this.trace.hash;
    for (const process of this.#processes) process.sim?.stop();
    await promisesAlone();
  }

  /** Equal for equal runs. */
  get hash(): string {
    return this.#hash;
  }

  get processes(): number {
    return this.#processes.length;
  }

  get events() {
    return this.#processes.flatMap((process) => process.sim?.events ?? []);
  }

  /** A last process, to see that what is stored says the same as what was in memory. */
  async #afterwards(): Promise<void> {
    this.#incidents = [];
    for (const process of this.#processes) this.#kill(process);
    const until = this.oracle.requests + REQUESTS_AFTER;
    this.#start();
    await this.#clock.runUntil(() => this.#hasFailed() || this.oracle.requests >= until, JUMPS_MAX);
    const isVerified = this.oracle.failure === null ? this.#verifying.atTheEnd() : null;
    if (isVerified !== null) await this.#clock.runUntil(() => this.#hasFailed() || isVerified(), JUMPS_MAX);
    if (!this.oracle.isSound) this.oracle.fail("lost", this.oracle.missing());
  }

  #isOver(): boolean {
    const { oracle } = this;
    if (this.#hasFailed()) return true;
    if (oracle.requests >= REQUESTS_MAX) {
      oracle.fail("lost", `after ${REQUESTS_MAX} requests: ${oracle.missing()}`);
      return true;
    }
    if (oracle.requests < Math.max(REQUESTS_MIN, ...this.#faults.keys())) return false;
    if (!this.#processes.some((process) => process.isAlive)) return false;
    if (oracle.requests >= REQUESTS_USUAL) oracle.horizonMs = Math.min(oracle.horizonMs, this.#clock.nowMs());
    if (this.#clock.nowMs() < Math.min(this.#lastVisibleMs, oracle.horizonMs) || !oracle.isComplete) return false;
    this.#completeAt ??= oracle.requests;
    return oracle.requests >= this.#completeAt + REQUESTS_AFTER;
  }

  get #lastVisibleMs(): number {
    return Math.max(0, ...this.#scenario.activities.map((activity) => activity.visibleMs));
  }

  #hasFailed(): boolean {
    for (const process of this.#processes) {
      const events = process.sim?.events ?? [];
      for (; process.eventsJudged < events.length; process.eventsJudged++) {
        const event = events[process.eventsJudged];
        this.#verifying.told(event);
        if (event?.type === "scan_state" && event.code?.startsWith("cursor_")) {
          this.oracle.fail("blocked", event.reason ?? event.code);
        }
      }
    }
    return this.oracle.failure !== null;
  }

  #start(): void {
    const { scan, requestsPerMinute, skewMs } = this.#scenario;
    const clock = new ProcessClock(this.#clock, this.#processes.at(-1)?.clock.skewMs ?? skewMs);
    const process: Process = { number: this.#processes.length, clock, sim: null, eventsJudged: 0, isAlive: true };
    this.#processes.push(process);
    this.trace.add(`start ${process.number} at ${this.#clock.nowMs()}`);
    const step = (point: Point) => this.#passes(process, point);
    const visit = (_: string, mayAsk: () => boolean) =>
      new TenantVisit({
        mayAsk: () => mayAsk() && this.#isItsOwn(process),
        server: this.#server,
        clock,
        point: step,
        latencyMs: () => this.#latencyMs(),
        arrive: (request) => this.#arrive(process, request),
      });
    const parts = { cluster: this.#cluster, tenant: visit, clock, step };
    const sim = startSim(parts, simConfig(scanConfig(scan), requestsPerMinute));
    process.sim = sim;
    void sim.ended.then((error) => this.#ended(process, error));
  }

  /** What a process believes to be its own has not been given to another. */
  #isItsOwn({ sim, number }: Process): boolean {
    const shard = partitionOfKey(Buffer.from("contoso"), this.#cluster.cursorsTopic.partitions);
    const owner = this.#cluster.group.givenTo(shard);
    if (owner !== sim?.id) this.oracle.fail("not its own", `process ${number} asks, the shard is ${owner}'s`);
    return true;
  }

  #arrive(process: Process, request: PageRequest): TenantFault | null {
    const number = this.oracle.requests + 1;
    const fault = this.#faults.get(number) ?? null;
    this.oracle.arrived(process.number, {
      isProbe: isProbe(request, this.#clock.nowMs()),
      lie: fault === null ? null : (LIES[fault] ?? null),
    });
    this.#verifying.arrived(number);
    this.#changing.arrived(number);
    this.trace.add(`request ${number} of ${process.number} at ${this.#clock.nowMs()}: ${request.filters}`);
    if (fault !== null) this.trace.mark(`fault ${fault}`);
    return fault;
  }

  #latencyMs(): number {
    const { latenciesMs } = this.#scenario;
    return latenciesMs[this.#travels++ % latenciesMs.length] ?? 0;
  }

  async #passes(process: Process, point: Point): Promise<void> {
    const nth = (this.#passed.get(point) ?? 0) + 1;
    this.#passed.set(point, nth);
    this.trace.add(`${point} ${process.number} at ${this.#clock.nowMs()}`);
    const { commitMs } = this.#scenario;
    if (point === "commit.end" && commitMs > 0) await this.#sleep(process, commitMs);
    for (const incident of this.#incidents) {
      if (incident.point === point && incident.nth === nth) await this.#happen(process, point, incident.act);
    }
    await process.clock.going();
    if (!process.isAlive) await new Promise<never>(() => undefined);
  }

  async #happen(process: Process, point: Point, act: Act): Promise<void> {
    this.trace.add(`${act.kind} of ${process.number} at ${point}`);
    this.trace.mark(`${act.kind} ${point}`);
    switch (act.kind) {
      case "fail":
        throw new Error(`planned failure at ${point}`);
      case "kill":
        this.#kill(process);
        return this.#startIn(act.downMs);
      case "stop":
        process.sim?.stop();
        return this.#startIn(act.downMs);
      case "zombie":
        this.#start();
        return this.#zombie(process, act.pauseMs);
      case "pause":
        return this.#sleep(process, act.pauseMs);
      case "jump":
        process.clock.skewMs += act.byMs;
    }
  }

  /** SIGSTOP, and SIGCONT after a while: what it was about to do comes before it hears of the group again. */
  async #zombie(process: Process, pauseMs: number): Promise<void> {
    process.clock.stop();
    process.sim?.fallSilent();
    await process.clock.sleepOutside(pauseMs, this.#never.signal);
    process.clock.goOn();
    void process.clock.sleep(1, this.#never.signal).then(() => process.sim?.wake());
  }

  #sleep(process: Process, delayMs: number): Promise<void> {
    return delayMs === 0 ? Promise.resolve() : process.clock.sleep(delayMs, this.#never.signal);
  }

  #startIn(delayMs: number): void {
    void this.#clock.sleep(delayMs, this.#never.signal).then(() => this.#start());
  }

  #kill(process: Process): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    process.sim?.kill();
    process.clock.kill();
    this.oracle.gone(process.number);
  }

  /** A process ends only when it is told to. */
  #ended(process: Process, error: unknown): void {
    if (!process.isAlive) return;
    this.#kill(process);
    this.trace.add(`end of ${process.number}: ${describeError(error)}`);
    if (error !== process.sim?.stopReason) this.oracle.fail("ended", describeError(error));
  }
}

/** Asks for what cannot be there yet. */
function isProbe({ filters }: PageRequest, nowMs: number): boolean {
  const gte = /"gte":([0-9]+)/.exec(filters)?.[1];
  return gte !== undefined && Number(gte) > nowMs + 12 * 3_600_000;
}
