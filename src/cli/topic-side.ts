import { SCHEMA_VERSION } from "../activity/activity.ts";
import { readIdentity } from "../activity/identity.ts";
import { readActivity } from "../activity/read.ts";
import type { KafkaPort, TopicPart, TopicRecord } from "../kafka/port.ts";
import { idHash } from "../scan/digest.ts";
import { CONTENT_BYTES, contentDigest } from "../scan/shown.ts";
import type { Listed, Named, Sided, Sides } from "../scan/sides.ts";
import type { CursorField } from "../tenant/request.ts";

/** Whose records are read, and where they lie. */
export interface TopicSideOptions {
  readonly kafka: KafkaPort;
  readonly scan: string;
  readonly field: CursorField;
  readonly topic: string;
  readonly dlqTopic: string;
  /** Values of the cursor field from here on are compared; epoch ms. */
  readonly fromMs: number;
}

/** The tenant's clock and those that stamped records may differ by as much. */
export const CLOCKS_MS = 3_600_000;
/** Partitions read side by side: each holds a response in memory. */
const PARTS_AT_ONCE = 4;
/** Differences of a kind that are named. */
export const NAMED_MAX = 100_000;

/**
 * A scan's published activities and dead letters, read from their topics. An activity is published after it was saved,
 * so that no older record is looked at.
 */
export class TopicSide {
  readonly #options: TopicSideOptions;
  readonly #sides: Sides;
  #first: readonly TopicPart[] = [];
  #last: readonly TopicPart[] = [];
  /** The time of the oldest record that is left of a part. */
  readonly #oldestMs = new Map<TopicPart, number>();
  /** Records of the scan that cannot be read. */
  unreadable = 0;

  constructor(options: TopicSideOptions, sides: Sides) {
    this.#options = options;
    this.#sides = sides;
  }

  /** Takes in what is published now. @throws ConnectorError when it cannot be read, or does not fit. */
  async read(signal: AbortSignal): Promise<void> {
    this.#first = await this.#ask(signal);
    this.#last = this.#first;
    await this.#each(this.#first, (record, part) => this.#take(record, part), signal);
  }

  /** Takes in what was published since the last call. */
  async readOn(signal: AbortSignal): Promise<void> {
    const before = this.#last;
    const now = await this.#ask(signal);
    this.#last = now;
    const since = now.map((part) => {
      const known = before.find(({ topic, partition }) => topic === part.topic && partition === part.partition);
      return { ...part, fromOffset: known?.endOffset ?? part.fromOffset };
    });
    await this.#each(since, (record, part) => this.#take(record, part), signal);
  }

  /** The published activities that are not shown, by name: for that they are read once more. */
  async extras(signal: AbortSignal): Promise<Listed> {
    const count = this.#sides.extras;
    if (count === 0) return { count, listed: [] };
    const listed = new Map<string, Named>();
    const name = (record: TopicRecord): void => {
      const activity = this.#isOurs(record) ? this.#activityOf(record) : null;
      if (activity === null || listed.size >= NAMED_MAX || !this.#sides.isExtra(activity.id)) return;
      listed.set(activity.id.toString("hex"), activity);
    };
    await this.#each(
      this.#first.filter(({ topic }) => topic === this.#options.topic),
      name,
      signal,
    );
    return { count, listed: [...listed.values()] };
  }

  /**
   * Of a topic everything that was published before this is gone, in part at least; null: nothing is, that matters.
   * Infinite: nothing is left.
   */
  cutMs(topic: string): number | null {
    const cut = this.#first.filter((part) => part.topic === topic && part.isCut);
    return cut.length === 0 ? null : Math.max(...cut.map((part) => this.#oldestMs.get(part) ?? Infinity));
  }

  async #ask(signal: AbortSignal): Promise<TopicPart[]> {
    const { kafka, topic, dlqTopic, fromMs } = this.#options;
    const parts: TopicPart[] = [];
    for (const each of [topic, dlqTopic]) parts.push(...(await kafka.topicParts(each, fromMs - CLOCKS_MS, signal)));
    return parts;
  }

  async #each(
    parts: readonly TopicPart[],
    onRecord: (record: TopicRecord, part: TopicPart) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const left = parts.filter(({ fromOffset, endOffset }) => fromOffset < endOffset);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const worker = async (): Promise<void> => {
      for (let part = left.shift(); part !== undefined; part = left.shift()) {
        const read = part;
        const take = (record: TopicRecord): void => {
          try {
            onRecord(record, read);
          } catch (error) {
            over.abort(error);
          }
        };
        await this.#options.kafka.readPart(read, take, either);
        either.throwIfAborted();
      }
    };
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, worker));
  }

  #take(record: TopicRecord, part: TopicPart): void {
    if (!this.#oldestMs.has(part)) this.#oldestMs.set(part, record.timestampMs);
    if (!this.#isOurs(record)) return;
    if (part.topic === this.#options.dlqTopic) {
      this.#takeLetter(record);
      return;
    }
    const activity = this.#activityOf(record);
    if (activity === null) this.unreadable += 1;
    else this.#sides.addPublished(activity);
  }

  #isOurs({ headers }: TopicRecord): boolean {
    return headers["scan"] === this.#options.scan;
  }

  /** Null: it cannot be read. */
  #activityOf({ value, headers }: TopicRecord): Sided | null {
    if (headers["schema-version"] !== SCHEMA_VERSION) return null;
    try {
      const { id, createdMs, dateMs, raw } = readIdentity(value ?? Buffer.alloc(0));
      const valueMs = this.#options.field === "created" ? createdMs : dateMs;
      if (valueMs === null) return null;
      return { id: idHash(id), text: id, valueMs, content: raw === null ? null : contentDigest(raw) };
    } catch {
      // Whoever may write to the topic may write anything: it is counted.
      return null;
    }
  }

  /** Of one in parts the first tells all but its time. */
  #takeLetter({ key, value, headers }: TopicRecord): void {
    if (key === null || value === null || headers["part"] !== "1") return;
    const whole = headers["parts"] === "1" ? readActivity(value, Number.POSITIVE_INFINITY) : null;
    const valueMs = (this.#options.field === "created" ? whole?.createdMs : whole?.dateMs) ?? null;
    const content = Buffer.from(headers["sha256"] ?? "", "hex").subarray(0, CONTENT_BYTES);
    this.#sides.addLetter({ id: idHash(key.toString("utf8")), text: key.toString("utf8"), valueMs, content });
  }
}
