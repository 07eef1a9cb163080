import type { CursorField } from "../tenant/request.ts";
import type { Standing } from "./one-shot.ts";

/** A stretch that could not be read; `untilMs` null: up to whatever is visible. Inclusive. */
export interface Unread {
  readonly fromMs: number;
  readonly untilMs: number | null;
}

/** Gaps that are named one by one. */
const GAPS_MAX = 100;

/** What a one-shot scan has done so far, that of earlier processes included. */
export class Tally {
  /** In the output. */
  activities = 0;
  pages = 0;
  /** Activities that came more than once, and were written once. */
  repeats = 0;
  /** No sound JSON objects with an id: written as they came, where the format can hold that. */
  defects = 0;
  /** Of those, what the format cannot hold. */
  leftOut = 0;
  readonly gaps: Unread[] = [];
  /** Gaps beyond those that are named. */
  gapsMore = 0;
  field: CursorField;
  fromMs = 0;
  /** How far it was asked; null: whatever is visible. */
  untilMs: number | null = null;
  /** How far along the cursor field the scan has come; null: not at all yet. */
  atMs: number | null = null;
  /** The server's time at the start; 0: it has not told it yet. */
  startedMs = 0;

  constructor(field: CursorField, from: Standing | null) {
    this.field = from?.cursorField ?? field;
    if (from === null) return;
    const { gaps, ...counts } = from.tally;
    Object.assign(this, counts);
    this.gaps.push(...gaps);
    this.fromMs = from.job.whole.fromMs;
    this.untilMs = from.untilMs;
    this.startedMs = from.startedMs;
  }

  addGap({ fromMs, untilMs }: Unread): void {
    if (this.gaps.length < GAPS_MAX) this.gaps.push({ fromMs, untilMs });
    else this.gapsMore += 1;
  }

  /** The scan has come to `atMs`; null says nothing. */
  reach(atMs: number | null): void {
    if (atMs !== null) this.atMs = Math.max(this.atMs ?? atMs, atMs);
  }

  /** Whether everything asked for is in the output. */
  get isComplete(): boolean {
    return this.gaps.length === 0 && this.leftOut === 0;
  }

  get kept(): Standing["tally"] {
    const { activities, pages, repeats, defects, leftOut, gaps, gapsMore, atMs } = this;
    return { activities, pages, repeats, defects, leftOut, gaps: [...gaps], gapsMore, atMs };
  }
}
