import type { Config, ScanConfig } from "../config/config.ts";
import type { KafkaPort, ShardState } from "../kafka/port.ts";
import type { Clock } from "../kit/clock.ts";
import type { Job } from "../scan/job.ts";
import { newLedger } from "../scan/ledger.ts";
import { decodeShown } from "../scan/shown.ts";
import { Sides } from "../scan/sides.ts";
import { sliceOf } from "../scan/slice.ts";
import { restoreState, type ScanState } from "../scan/state.ts";
import type { CursorField } from "../tenant/request.ts";
import { counted } from "./command-plan.ts";
import { iso } from "./instant.ts";
import { type Repairs, repairsOf } from "./repairs.ts";
import { type IdReport, publicationOf, reportOf } from "./sides-report.ts";
import { CLOCKS_MS, NAMED_MAX, TopicSide } from "./topic-side.ts";

export interface IdsOptions {
  readonly config: Config;
  readonly scan: ScanConfig;
  readonly field: CursorField;
  readonly kafka: KafkaPort;
  readonly clock: Clock;
  readonly shard: number;
  /** What is compared: values of the cursor field, `untilMs` excluded. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** For people: how far it is. */
  tell(text: string): void;
}

/** A transaction is seen in the topic some ms after its owner knows of it. */
const SEEN_WAIT_MS = 500;
const SEEN_TRIES = 10;

/**
 * Compares a stretch by ids: what the topic holds, read before the connector is asked to read the stretch again, with
 * what its verify job tells that the API shows.
 */
export class IdComparison {
  readonly #options: IdsOptions;
  readonly #sides: Sides;
  readonly #topic: TopicSide;
  #told = 0;
  #state: ScanState | null = null;
  /** Why what the API shows is not known as a whole. */
  #lost: string | null = null;
  #failure: unknown = null;

  constructor(options: IdsOptions) {
    const { config, scan, field, kafka, fromMs, untilMs } = options;
    this.#options = options;
    this.#sides = new Sides({ fromMs, untilMs, bytesMax: config.memory.idsBytes, namedMax: NAMED_MAX });
    const topics = { topic: scan.topic, dlqTopic: config.topics.dlq.name };
    this.#topic = new TopicSide({ kafka, scan: scan.name, field, ...topics, fromMs }, this.#sides);
  }

  /** Reads the topic. @throws ConnectorError; the reason of `signal`. */
  async begin(before: ShardState, signal: AbortSignal): Promise<void> {
    const { scan, config, tell } = this.#options;
    tell(`reading ${scan.topic} and ${config.topics.dlq.name}`);
    await this.#topic.read(signal);
    const { published, letters } = this.#sides.counts;
    const all = `${counted(published, "activity", "activities")} and ${counted(letters, "dead letter")}`;
    tell(`${all} of the stretch are published; the connector is asked to read it again`);
    const state = this.#restored(before);
    this.#sides.since((valueMs) => this.#isGone(valueMs, state));
  }

  /** Takes in what the job tells. False when that is in vain from now on. */
  onShown(value: Buffer): boolean {
    try {
      const { number, shown } = decodeShown(value, `scan ${this.#options.scan.name}`);
      if (number !== this.#told) this.#lost = `of what the API showed, records ${this.#told} to ${number} were missed`;
      this.#told = number + 1;
      for (const activity of shown) this.#sides.addShown(activity);
      return true;
    } catch (error) {
      this.#failure = error;
      return false;
    }
  }

  /**
   * What it comes to, once the job has ended.
   * @param job as it was at its end; null: it was never seen.
   * @throws ConnectorError; the reason of `signal`.
   */
  async end(job: Job | null, signal: AbortSignal): Promise<IdReport> {
    if (this.#failure !== null) throw this.#failure;
    const reason = this.#unfinished(job) ?? this.#lost;
    if (reason !== null) return { kind: "not_compared", reason };
    const { kafka, shard, clock, fromMs, untilMs } = this.#options;
    const state = this.#restored((await kafka.readState(shard, signal)).state);
    this.#state = state;
    await this.#topic.readOn(signal);
    const isFresh = () => (job?.counts.published ?? 0) > 0 && this.#sides.missing.count > 0;
    for (let tries = 0; tries < SEEN_TRIES && isFresh(); tries++) {
      await clock.sleep(SEEN_WAIT_MS, signal);
      await this.#topic.readOn(signal);
    }
    const extra = await this.#topic.extras(signal);
    const { unreadable } = this.#topic;
    const isKept = (sliceMs: number) => !this.#isGone(sliceMs, state);
    return reportOf(this.#sides, { fromMs, untilMs, state, extra, unreadable, isKept });
  }

  /** What a repair would publish of what `end` has found missing. */
  repairs(mayRepeat: boolean): Repairs {
    const state = this.#state;
    const missing = state === null ? [] : this.#sides.missing.listed;
    const named = missing.map((each) => ({ ...each, published: publicationOf(each, this.#sides, state) }));
    const ledgerOf = (sliceMs: number) => state?.slices.ledgerOf(sliceMs) ?? newLedger();
    const { fromMs } = this.#options;
    const { runs, ...others } = repairsOf(named, { mayRepeat, ledgerOf });
    // The hour that the scan began in is not read from its beginning.
    return { ...others, runs: runs.map((run) => ({ ...run, fromMs: Math.max(fromMs, run.fromMs) })) };
  }

  #restored(records: ShardState): ScanState | null {
    const { scan } = this.#options;
    return restoreState({ ...scan, scan: scan.name }, records);
  }

  /** Whether what was saved then may have been published, or dead-lettered, and be gone by retention. */
  #isGone(valueMs: number, state: ScanState | null): boolean {
    const { scan, config } = this.#options;
    const before = (topic: string) => valueMs < (this.#topic.cutMs(topic) ?? Number.NEGATIVE_INFINITY) + CLOCKS_MS;
    if (before(scan.topic)) return true;
    const ledger = state?.slices.ledgerOf(sliceOf(valueMs));
    return before(config.topics.dlq.name) && (ledger === undefined || ledger.deadLettered > 0);
  }

  #unfinished(job: Job | null): string | null {
    const { fromMs, untilMs } = this.#options;
    if (job === null || job.verify === null || job.fromMs <= job.untilMs) return "the stretch was not read to its end";
    const { whole } = job;
    if (whole.fromMs > fromMs || whole.untilMs < untilMs - 1) {
      return `only ${iso(whole.fromMs)} to ${iso(whole.untilMs + 1)} was read again`;
    }
    const { told } = job.verify;
    return told === this.#told ? null : `of ${told} records with what the API showed, ${this.#told} were seen`;
  }
}
