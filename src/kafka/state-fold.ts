import type { ShardState, StateRecord } from "./port.ts";

/** The key of an owner's mark: one for all, so that compaction keeps only the latest. */
export const MARK_KEY = '{"mark":"owner"}';

export function markOf(term: string): StateRecord {
  return { key: MARK_KEY, value: JSON.stringify({ term }) };
}

/** A shard's records folded in their order: the latest value of each key; tombstones take away; marks are kept apart. */
export class StateFold {
  readonly #state = new Map<string, Buffer>();
  #mark: string | null = null;
  #markBefore: string | null = null;

  add(key: string, value: Buffer | null): void {
    if (key === MARK_KEY) this.#addMark(value);
    // A copy: the value is a slice of a whole response, which it would keep in memory.
    else if (value !== null) this.#state.set(key, Buffer.from(value));
    else this.#state.delete(key);
  }

  get state(): ShardState {
    return this.#state;
  }

  /** Whether the latest owner's mark is the one of `term`. */
  isMarkedBy(term: string): boolean {
    return this.#mark === markOf(term).value;
  }

  /** Whether the mark before the latest is of one of these terms; compaction may have taken it away. */
  isPrecededBy(terms: ReadonlySet<string>): boolean {
    return [...terms].some((term) => this.#markBefore === markOf(term).value);
  }

  #addMark(value: Buffer | null): void {
    this.#markBefore = this.#mark;
    this.#mark = value === null ? null : value.toString();
  }
}
