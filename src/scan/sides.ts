import { ConnectorError } from "../kit/errors.ts";
import { HourTally } from "./hour-tally.ts";
import { IdTable } from "./id-table.ts";
import { CONTENT_BYTES, type Shown } from "./shown.ts";

/** An activity as one of the sides has it; `content` null: the topic keeps no exact JSON of it. */
export type Sided = Omit<Shown, "content"> & { readonly content: Buffer | null };

/** An activity that differs; `id` is its digest. */
export type Named = Pick<Shown, "id" | "text" | "valueMs">;

/** So many as there are; of them at most so many by name as are listed. */
export interface Listed<T = Named> {
  readonly count: number;
  readonly listed: readonly T[];
}

export interface SidesOptions {
  /** What is compared: values of the cursor field, `fromMs` included, `untilMs` excluded. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** What the ids may occupy. */
  readonly bytesMax: number;
  /** Differences of one kind that are named; the others are counted. */
  readonly namedMax: number;
}

/** Of an id: its digest, that of its content, its marks, and its share of an index that is three fifths full. */
const ID_BYTES_HELD = 32;

const PUBLISHED = 1;
const LETTER = 2;
const SHOWN = 4;
/** Published since what the API shows was begun to be asked for. */
const SINCE = 8;
/** Its exact JSON was not published. */
const BLANK = 16;
const CHANGED = 32;
const TWICE = 64;
/** Shown, not there, and so old that retention may have taken it. */
const GONE = 128;

const CHUNK = 65_536;

/**
 * The activities of a stretch as the topic has them and as the API shows them, by digests: 32 bytes an activity that
 * either side has. First what is published and dead-lettered is taken in, then what is shown, then what was published
 * since.
 */
export class Sides {
  readonly #options: SidesOptions;
  readonly #ids = new IdTable();
  readonly #marks: Uint8Array[] = [];
  readonly #contents: Buffer[] = [];
  readonly #missing: Differences<Named>;
  readonly #changed: Differences<Named>;
  readonly #twice: Differences<Named & { readonly times: number }>;
  #isGone: ((valueMs: number) => boolean) | null = null;
  /** Activities; `blank`: published without their exact JSON; `gone`: shown, and older than what retention has left. */
  readonly counts = { published: 0, letters: 0, shown: 0, blank: 0, gone: 0 };
  /** Published or dead-lettered; as far as a dead letter's time is legible. */
  readonly published = new HourTally();
  readonly shown = new HourTally();
  readonly missingByHour = new HourTally();

  constructor(options: SidesOptions) {
    this.#options = options;
    const { namedMax } = options;
    this.#missing = new Differences(namedMax);
    this.#changed = new Differences(namedMax);
    this.#twice = new Differences(namedMax);
  }

  isWithin(valueMs: number): boolean {
    return valueMs >= this.#options.fromMs && valueMs < this.#options.untilMs;
  }

  /**
   * All that was published before the API begins to be asked is taken in.
   * @param isGone whether what has this value may have been published and be gone by retention.
   */
  since(isGone: (valueMs: number) => boolean): void {
    this.#isGone = isGone;
  }

  /** @throws ConnectorError `memory_exhausted`, as the others. */
  addPublished(activity: Sided): void {
    if (!this.isWithin(activity.valueMs)) return;
    const { id, content, valueMs } = activity;
    const at = this.#placeOf(id);
    const mark = this.#markAt(at);
    if ((mark & PUBLISHED) !== 0) {
      const { times = 1 } = this.#twice.get(at) ?? {};
      this.#twice.set(at, { ...named(activity), times: times + 1 }, (mark & TWICE) === 0);
      this.#mark(at, mark | TWICE);
      return;
    }
    this.counts.published += 1;
    if (content === null) this.counts.blank += 1;
    if ((mark & LETTER) === 0) this.published.add(valueMs, id);
    this.#mark(at, mark | PUBLISHED | (this.#isGone === null ? 0 : SINCE) | (content === null ? BLANK : 0));
    if ((mark & SHOWN) !== 0) this.#turnedUp(at, activity);
    else if (content !== null) this.#setContent(at, content);
  }

  /** @param letter its time is null where it is not legible. */
  addLetter(letter: Omit<Shown, "valueMs"> & { readonly valueMs: number | null }): void {
    const { id, content, valueMs } = letter;
    if (valueMs !== null && !this.isWithin(valueMs)) return;
    const at = this.#placeOf(id);
    const mark = this.#markAt(at);
    if ((mark & LETTER) !== 0) return;
    this.counts.letters += 1;
    if ((mark & PUBLISHED) === 0 && valueMs !== null) this.published.add(valueMs, id);
    this.#mark(at, mark | LETTER);
    if ((mark & SHOWN) !== 0) this.#turnedUp(at, { ...letter, valueMs: valueMs ?? 0 });
    else if ((mark & PUBLISHED) === 0) this.#setContent(at, content);
  }

  /** What the API shows; the last word about an id that it shows more than once. */
  addShown(activity: Shown): void {
    if (!this.isWithin(activity.valueMs)) return;
    const { id, content, valueMs } = activity;
    const at = this.#placeOf(id);
    const mark = this.#markAt(at);
    if ((mark & SHOWN) === 0) {
      this.counts.shown += 1;
      this.shown.add(valueMs, id);
    }
    this.#mark(at, mark | SHOWN);
    if ((mark & (PUBLISHED | LETTER)) !== 0) {
      this.#compare(at, activity);
      return;
    }
    this.#setContent(at, content);
    if ((mark & SHOWN) === 0 && this.#isGone?.(valueMs) === true) {
      this.counts.gone += 1;
      this.#mark(at, mark | SHOWN | GONE);
    } else if ((mark & GONE) === 0) {
      if ((mark & SHOWN) === 0) this.missingByHour.add(valueMs, id);
      this.#missing.set(at, named(activity), (mark & SHOWN) === 0);
    }
  }

  /** Shown, and neither published nor dead-lettered. */
  get missing(): Listed {
    return this.#missing.listed;
  }

  /** Published with another content than is shown. */
  get changed(): Listed {
    return this.#changed.listed;
  }

  /** Published more than once. */
  get twice(): Listed<Named & { readonly times: number }> {
    return this.#twice.listed;
  }

  /** How many were published before the API was asked, and are not shown. */
  get extras(): number {
    let extras = 0;
    for (let at = 0; at < this.#ids.size; at++) if (isExtra(this.#markAt(at))) extras += 1;
    return extras;
  }

  /** Whether the id is one of those. */
  isExtra(id: Buffer): boolean {
    const at = this.#ids.placeOf(id);
    return at >= 0 && isExtra(this.#markAt(at));
  }

  /** What was shown, and missing, is there after all. */
  #turnedUp(at: number, activity: Sided): void {
    const mark = this.#markAt(at);
    if ((mark & (PUBLISHED | LETTER)) === (PUBLISHED | LETTER)) return;
    if ((mark & GONE) !== 0) this.counts.gone -= 1;
    else {
      this.missingByHour.remove((this.#missing.get(at) ?? activity).valueMs, activity.id);
      this.#missing.delete(at);
    }
    this.#mark(at, mark & ~GONE);
    this.#compare(at, activity);
  }

  #compare(at: number, activity: Sided): void {
    const mark = this.#markAt(at);
    const isChanged = (mark & BLANK) === 0 && activity.content !== null && !this.#hasContent(at, activity.content);
    if (isChanged) this.#changed.set(at, named(activity), (mark & CHANGED) === 0);
    else if ((mark & CHANGED) !== 0) this.#changed.delete(at);
    this.#mark(at, isChanged ? mark | CHANGED : mark & ~CHANGED);
  }

  #placeOf(id: Buffer): number {
    const at = this.#ids.placeOf(id);
    if (at >= 0) return at;
    const { size } = this.#ids;
    if ((size + 1) * ID_BYTES_HELD > this.#options.bytesMax) throw tooMany(size, this.#options.bytesMax);
    this.#ids.add(id);
    if (size % CHUNK === 0) {
      this.#marks.push(new Uint8Array(CHUNK));
      this.#contents.push(Buffer.alloc(CHUNK * CONTENT_BYTES));
    }
    return size;
  }

  #markAt(at: number): number {
    return this.#marks[Math.floor(at / CHUNK)]?.[at % CHUNK] ?? 0;
  }

  #mark(at: number, mark: number): void {
    const chunk = this.#marks[Math.floor(at / CHUNK)];
    if (chunk !== undefined) chunk[at % CHUNK] = mark;
  }

  #setContent(at: number, content: Buffer): void {
    const chunk = this.#contents[Math.floor(at / CHUNK)];
    if (chunk !== undefined) content.copy(chunk, (at % CHUNK) * CONTENT_BYTES, 0, CONTENT_BYTES);
  }

  #hasContent(at: number, content: Buffer): boolean {
    const from = (at % CHUNK) * CONTENT_BYTES;
    const held = this.#contents[Math.floor(at / CHUNK)]?.subarray(from, from + CONTENT_BYTES);
    return held?.equals(content) === true;
  }
}

const isExtra = (mark: number): boolean => (mark & (PUBLISHED | SHOWN | SINCE)) === PUBLISHED;

/** What is kept of an activity owns its memory. */
const named = ({ id, text, valueMs }: Named): Named => ({ id: Buffer.from(id), text, valueMs });

function tooMany(ids: number, bytesMax: number): ConnectorError {
  const held = `${ids} ids do not fit into memory.ids (${bytesMax} bytes, ${ID_BYTES_HELD} each)`;
  return new ConnectorError("memory_exhausted", `${held}: compare a shorter stretch, or raise it for this command`, {
    disposition: "fatal",
  });
}

/** Differences by their place; beyond the bound they are counted alone. */
class Differences<T> {
  readonly #named = new Map<number, T>();
  readonly #namedMax: number;
  #count = 0;

  constructor(namedMax: number) {
    this.#namedMax = namedMax;
  }

  get(at: number): T | undefined {
    return this.#named.get(at);
  }

  set(at: number, difference: T, isNew: boolean): void {
    if (isNew) this.#count += 1;
    if (isNew ? this.#named.size < this.#namedMax : this.#named.has(at)) this.#named.set(at, difference);
  }

  /** One that was set. */
  delete(at: number): void {
    this.#count -= 1;
    this.#named.delete(at);
  }

  get listed(): Listed<T> {
    return { count: this.#count, listed: [...this.#named.values()] };
  }
}
