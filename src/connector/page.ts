import { readActivity } from "../activity/read.ts";
import type { ReadActivity } from "../activity/reading.ts";
import type { OutgoingRecord } from "../kafka/port.ts";
import { idHash } from "../scan/digest.ts";
import type { Gap } from "../scan/ledger.ts";
import { PageTally } from "../scan/page-tally.ts";
import { askedBounds, isOwn, type Pass } from "../scan/pass.ts";
import type { PassIds } from "../scan/pass-ids.ts";
import type { Remedy } from "../scan/repair.ts";
import type { PageCounts } from "../scan/scan-draft.ts";
import { contentDigest, ShownParts } from "../scan/shown.ts";
import { sliceOf } from "../scan/slice.ts";
import type { SliceAddition } from "../scan/slice-draft.ts";
import type { CursorField } from "../tenant/request.ts";
import type { PageLease } from "./page-memory.ts";
import { activityRecord, letterRecords, type RecordPlan } from "./page-records.ts";

/** How a verify job takes a page. */
export interface Comparison {
  /** What its pass was shown before. */
  readonly seen: PassIds;
  /** Whether what is found at a value (null: it has none) is only compared: it is no surprise and not published. */
  isCompared(valueMs: number | null): boolean;
  /** Whether an id is to be published by name, whatever else is known of it. */
  remedyOf(id: Buffer, valueMs: number): Remedy;
}

/** What a page is read against. */
export interface PageContext {
  readonly field: CursorField;
  readonly pass: Pass;
  /** What kind of reader asks; in the records. */
  readonly reader: string;
  /** What is published with a lower value was late; null: the tail itself asks. */
  readonly lateBelowMs: number | null;
  /** Whether an id has been published, as far as that is remembered. */
  isPublished(id: Buffer): boolean;
  /** Whether ids at a value of the cursor field were forgotten, so that a repeat there cannot be told. */
  isForgotten(valueMs: number): boolean;
  /** What a verify job compares it with; null: nobody compares. */
  readonly comparison: Comparison | null;
  /** The ids of the page before, in this pass. */
  readonly previous: ReadonlySet<string>;
  readonly serverNowMs: number;
  /** The wall clock; activities carry its reading at the page's first byte. */
  nowMs(): number;
  readonly lease: PageLease;
}

/** An activity that was not published before, ready to be. */
interface NewActivity {
  readonly id: Buffer;
  readonly sliceMs: number;
  /** Of the cursor field. */
  readonly valueMs: number | null;
  readonly deadLettered: boolean;
  /** Null: it is published because it is new. */
  readonly remedy: Remedy;
  readonly records: readonly OutgoingRecord[];
  readonly createdMs: number | null;
  readonly dateMs: number | null;
}

/** Nobody compares it. */
const UNSEEN = { fits: true, remedy: null } as const;

/** One page as it arrives: each activity is read, judged against memory and, when new, encoded at once. */
export class Page {
  readonly #plan: RecordPlan;
  readonly #context: PageContext;
  readonly #fresh: NewActivity[] = [];
  readonly #readBySlice = new Map<number, { read: number; duplicates: number }>();
  readonly #outside = new Map<number, Gap>();
  /** For the pass's ids; empty where nobody compares. */
  readonly #shown: { readonly id: Buffer; readonly valueMs: number }[] = [];
  readonly #told = new ShownParts();
  #outsideMemory = 0;
  readonly tally: PageTally;
  #bytes = 0;
  #readAtMs: number | null = null;

  constructor(plan: RecordPlan, context: PageContext) {
    this.#plan = plan;
    this.#context = context;
    const { pass, previous } = context;
    this.tally = new PageTally({ ...askedBounds(pass), direction: pass.direction }, previous);
  }

  /** A page of the same request that holds nothing yet. */
  blank(): Page {
    return new Page(this.#plan, this.#context);
  }

  /** Takes one activity's bytes; false when the page has outgrown its memory. */
  take(bytes: Buffer): boolean {
    this.#readAtMs ??= this.#context.nowMs();
    const read = readActivity(bytes, this.#plan.activityBytesMax);
    const valueMs = this.#context.field === "created" ? read.createdMs : read.dateMs;
    const id = idHash(read.id);
    const isFirst = this.tally.add(id, valueMs, read.service);
    // Without a value: the slice of now, never one so old that its ids may be forgotten.
    const sliceMs = sliceOf(valueMs ?? Math.max(this.#context.serverNowMs, this.#context.pass.fromMs));
    const counts = this.#readBySlice.get(sliceMs) ?? { read: 0, duplicates: 0 };
    this.#readBySlice.set(sliceMs, counts);
    counts.read += 1;
    const { comparison } = this.#context;
    const { fits: told, remedy } = isFirst ? this.#shownTo(comparison, read, { id, valueMs }) : UNSEEN;
    if (remedy !== null) return this.#publish(read, id, { sliceMs, valueMs, remedy }) && told;
    if (!isFirst || this.#context.isPublished(id) || comparison?.isCompared(valueMs) === true) {
      counts.duplicates += 1;
      return told;
    }
    if (valueMs !== null && this.#context.isForgotten(valueMs)) {
      // A nudge asks a millisecond beside what its pass is for: what lies there was published in its time.
      if (isOwn(this.#context.pass, valueMs)) this.#turnedUp(sliceMs, valueMs);
      else counts.duplicates += 1;
      return true;
    }
    return this.#publish(read, id, { sliceMs, valueMs, remedy });
  }

  /** False when the page has outgrown its memory. */
  #publish(read: ReadActivity, id: Buffer, at: Pick<NewActivity, "sliceMs" | "valueMs" | "remedy">): boolean {
    const fresh = this.#toPublish(read, id, at);
    this.#fresh.push(fresh);
    const size = fresh.records.reduce((sum, record) => sum + record.value.length, 0);
    this.#bytes += size;
    return this.#context.lease.use(size);
  }

  get activities(): number {
    return this.tally.activities;
  }

  /** Bytes of the values to publish. */
  get bytes(): number {
    return this.#bytes;
  }

  get fresh(): readonly NewActivity[] {
    return this.#fresh;
  }

  get records(): OutgoingRecord[] {
    return this.#fresh.flatMap((activity) => activity.records);
  }

  get counts(): PageCounts {
    const read = this.tally.activities;
    const deadLettered = this.#fresh.filter((activity) => activity.deadLettered).length;
    const published = this.#fresh.length - deadLettered;
    const outsideMemory = this.#outsideMemory;
    const duplicates = read - this.#fresh.length - outsideMemory;
    return { read, published, duplicates, deadLettered, outsideMemory };
  }

  /** Published below the tail's position by another reader. */
  get late(): number {
    return this.#fresh.filter((activity) => this.#isLate(activity)).length;
  }

  /** Stretches where something turned up though ids are forgotten there: one a slice. */
  get outsideMemory(): readonly Gap[] {
    return [...this.#outside.values()];
  }

  /**
   * What a verify job's pass was shown, this page included, which is about to be committed; null: it is no other's.
   * @param bytesMax what those ids may occupy.
   */
  handOver(bytesMax: number): PassIds | null {
    const { comparison } = this.#context;
    const counted = this.#fresh.filter(({ remedy }) => remedy !== "again");
    comparison?.seen.take({ shown: this.#shown, fresh: counted }, bytesMax);
    return comparison?.seen ?? null;
  }

  /** What the page has shown to a verify job, as the bodies of records; empty where nobody compares. */
  get told(): readonly Buffer[] {
    return this.#told.close();
  }

  /** The ids that it publishes by name. */
  get repaired(): readonly Buffer[] {
    return this.#fresh.filter(({ remedy }) => remedy !== null).map(({ id }) => id);
  }

  /** What the page adds to each slice; what is published again its ledger counts already. */
  additions(): SliceAddition[] {
    const bySlice = new Map<number, NewActivity[]>();
    for (const activity of this.#fresh) {
      if (activity.remedy === "again") continue;
      const list = bySlice.get(activity.sliceMs) ?? [];
      bySlice.set(activity.sliceMs, list);
      list.push(activity);
    }
    return [...this.#readBySlice].map(([sliceMs, counts]) => {
      const fresh = bySlice.get(sliceMs) ?? [];
      return {
        sliceMs,
        ids: fresh.map((activity) => activity.id),
        read: counts.read,
        duplicates: counts.duplicates,
        deadLettered: fresh.filter((activity) => activity.deadLettered).length,
        late: fresh.filter((activity) => this.#isLate(activity)).length,
        proven: fresh.filter(({ remedy }) => remedy === "never").length,
      };
    });
  }

  /** Keeps for whoever compares ids what is shown first; `fits`: not, when the page has outgrown its memory. */
  #shownTo(comparison: Comparison | null, read: ReadActivity, { id, valueMs }: Pick<NewActivity, "id" | "valueMs">) {
    if (comparison === null || valueMs === null) return UNSEEN;
    return { fits: this.#tell(read, id, valueMs), remedy: comparison.remedyOf(id, valueMs) };
  }

  #tell(read: ReadActivity, id: Buffer, valueMs: number): boolean {
    this.#shown.push({ id, valueMs });
    return this.#context.lease.use(this.#told.add({ id, content: contentDigest(read.bytes), valueMs, text: read.id }));
  }

  #isLate({ deadLettered, valueMs }: NewActivity): boolean {
    const { lateBelowMs } = this.#context;
    return !deadLettered && lateBelowMs !== null && valueMs !== null && valueMs < lateBelowMs;
  }

  #turnedUp(sliceMs: number, valueMs: number): void {
    this.#outsideMemory += 1;
    const { fromMs = valueMs, untilMs = valueMs } = this.#outside.get(sliceMs) ?? {};
    this.#outside.set(sliceMs, {
      fromMs: Math.min(fromMs, valueMs),
      untilMs: Math.max(untilMs, valueMs),
      reason: "outside_memory",
    });
  }

  #toPublish(read: ReadActivity, id: Buffer, at: Pick<NewActivity, "sliceMs" | "valueMs" | "remedy">): NewActivity {
    const { createdMs, dateMs } = read;
    const whole = { id, createdMs, dateMs, ...at };
    const defect = read.defect ?? (at.valueMs === null ? "no_time" : null);
    if (defect !== null) return { ...whole, deadLettered: true, records: letterRecords(this.#plan, read, defect) };
    const value = this.#encoded(read);
    if (value === null)
      return { ...whole, deadLettered: true, records: letterRecords(this.#plan, read, "not_encodable") };
    if (value.length > this.#plan.valueBytesMax) {
      return { ...whole, deadLettered: true, records: letterRecords(this.#plan, read, "too_large") };
    }
    return { ...whole, deadLettered: false, records: [activityRecord(this.#plan, this.#context.reader, read, value)] };
  }

  /** Null when the encoder, against its promise, throws: one activity must never stop the stream. */
  #encoded(read: ReadActivity): Buffer | null {
    const { scan, encode } = this.#plan;
    const readAtMs = this.#readAtMs ?? this.#context.nowMs();
    try {
      return encode(read, { scan: scan.name, tenant: scan.tenant, reader: this.#context.reader, readAtMs });
    } catch {
      return null;
    }
  }
}
