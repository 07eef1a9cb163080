import { Habits } from "./habits.ts";
import { drawKind, KINDS } from "./kinds.ts";
import { fraction, guid, hash64, noise } from "./noise.ts";
import { EVERYDAY_PEOPLE, placeOf } from "./people.ts";
import { savingDelayMs } from "./saving.ts";
import type { MockTenantSettings } from "./settings.ts";
import { ACTIVITIES_MAX } from "./settings-check.ts";
import { type Planned, plannedStories, type StoryRow, storyRows } from "./stories.ts";

const SALT = { kind: 1, person: 2, place: 3, spread: 4, saving: 5, slow: 6, late: 7, lateBy: 8, tie: 9, id: 20 };

/** The Defender for Cloud Apps number of the mock tenant. */
export const TENANT_NUMBER = 97_134_000;

/**
 * All activities that exist, as columns: times and what filters ask for. Texts are rendered on demand from
 * the seed and the index. Indexes grow with `created`. Holds about 32 bytes an activity.
 */
export class Archive {
  readonly seed: number;
  created: Float64Array;
  timestamp: Float64Array;
  /** The instant from which queries show it. */
  visibleFrom: Float64Array;
  kind: Uint8Array;
  person: Uint8Array;
  place: Uint8Array;
  count = 0;
  /** Whose texts are others than at first. */
  readonly altered = new Set<number>();
  #byDate: Uint32Array;
  #dateSorted = 0;
  readonly #habits = new Habits();
  readonly #plan: readonly Planned[];
  /** Indexes of the plan's activities that exist, by place in the plan. */
  readonly #planted: number[] = [];
  #rate = 0;
  /** Since when the rate holds, and how many activities it has brought. */
  #rateFromMs = 0;
  #brought = 0;

  constructor(settings: MockTenantSettings, startMs: number) {
    this.seed = settings.seed;
    this.#plan = plannedStories(settings, startMs);
    const size = Math.max(1_024, settings.backlog);
    this.created = new Float64Array(size);
    this.timestamp = new Float64Array(size);
    this.visibleFrom = new Float64Array(size);
    this.kind = new Uint8Array(size);
    this.person = new Uint8Array(size);
    this.place = new Uint8Array(size);
    this.#byDate = new Uint32Array(size);
    const backlog = Math.min(settings.backlog, settings.total ?? ACTIVITIES_MAX);
    while (this.count < backlog) {
      const part = (this.count + fraction(this.seed, this.count, SALT.spread)) / backlog;
      const size = Math.min(tieSizeAt(this.seed, this.count, settings), backlog - this.count);
      this.#append(size, Math.floor(startMs - settings.backlogSpanMs * (1 - part)), settings);
    }
  }

  /** Generates what the rate and the stories have brought about until `nowMs`. A changed rate counts from now on. */
  advance(nowMs: number, settings: MockTenantSettings): void {
    const most = Math.min(settings.total ?? ACTIVITIES_MAX, ACTIVITIES_MAX);
    for (;;) {
      const ordinary = this.#rate > 0 && this.count < most;
      const dueMs = ordinary ? this.#rateFromMs + ((this.#brought + 1) * 1_000) / this.#rate : Infinity;
      const planned = this.#plan[this.#planted.length];
      if (Math.min(dueMs, planned?.createdMs ?? Infinity) > nowMs) break;
      if (planned !== undefined && planned.createdMs <= Math.floor(dueMs)) {
        this.#plant(planned, settings);
        continue;
      }
      const size = Math.min(tieSizeAt(this.seed, this.count, settings), most - this.count);
      this.#append(size, Math.floor(dueMs), settings);
      this.#brought += size;
    }
    if (this.#rate === settings.rate) return;
    this.#rate = settings.rate;
    this.#rateFromMs = nowMs;
    this.#brought = 0;
  }

  /** `count` more activities, created at `nowMs`; not bounded by the settings' `total`. */
  add(count: number, nowMs: number, settings: MockTenantSettings): void {
    const last = Math.min(this.count + count, ACTIVITIES_MAX);
    while (this.count < last) {
      this.#append(Math.min(tieSizeAt(this.seed, this.count, settings), last - this.count), nowMs, settings);
    }
  }

  /** Each story of the settings, with the ids that queries could show by now. */
  stories(): StoryRow[] {
    return storyRows(
      this.#plan,
      this.#planted.map((index) => this.idOf(index)),
    );
  }

  /** Activities with these ids vanish from all queries, or turn up in them, from now on. */
  hide(ids: readonly string[], isHidden: boolean): void {
    for (const index of this.#indexesOf(ids)) this.visibleFrom[index] = isHidden ? Infinity : 0;
  }

  /** Activities with these ids are shown with another text from now on. */
  alter(ids: readonly string[]): void {
    for (const index of this.#indexesOf(ids)) this.altered.add(index);
  }

  /** Indexes by ascending `timestamp`, then index; valid for positions below `count`. */
  byDate(): Uint32Array {
    const { timestamp, count } = this;
    if (this.#dateSorted === count) return this.#byDate;
    const fresh = Uint32Array.from({ length: count - this.#dateSorted }, (_, offset) => this.#dateSorted + offset);
    fresh.sort((a, b) => at(timestamp, a) - at(timestamp, b) || a - b);
    let old = this.#dateSorted - 1;
    let young = fresh.length - 1;
    for (let to = count - 1; young >= 0; to--) {
      const oldIndex = old >= 0 ? at(this.#byDate, old) : -1;
      const youngIndex = at(fresh, young);
      const keepsOld = old >= 0 && at(timestamp, oldIndex) > at(timestamp, youngIndex);
      this.#byDate[to] = keepsOld ? oldIndex : youngIndex;
      if (keepsOld) old--;
      else young--;
    }
    this.#dateSorted = count;
    return this.#byDate;
  }

  /** The `_id` of an activity: tenant, application and GUID for most, 64 hexadecimal digits for logins. */
  idOf(index: number): string {
    const kind = KINDS[at(this.kind, index)];
    if (kind === undefined || kind.family === "login") return hash64(this.seed, index, SALT.id);
    return `${TENANT_NUMBER}_${kind.service}_${guid(this.seed, index, SALT.id)}`;
  }

  /** @throws Error where there is no such activity; nothing is changed then. */
  #indexesOf(ids: readonly string[]): number[] {
    const left = new Set(ids);
    const indexes: number[] = [];
    for (let index = 0; index < this.count && left.size > 0; index++) {
      if (left.delete(this.idOf(index))) indexes.push(index);
    }
    if (left.size > 0) throw new Error(`there is no activity ${[...left].join(", ")}`);
    return indexes;
  }

  #append(size: number, createdMs: number, settings: MockTenantSettings): void {
    this.#reserve(this.count + size);
    const first = this.count;
    for (let index = first; index < first + size; index++) {
      const person = noise(this.seed, index, SALT.person) % EVERYDAY_PEOPLE;
      this.kind[index] = this.#habits.kindFor(drawKind(fraction(this.seed, index, SALT.kind)), person, createdMs);
      this.person[index] = person;
      this.place[index] = placeOf(person, noise(this.seed, index, SALT.place));
      this.created[index] = createdMs;
      this.timestamp[index] =
        index === first ? this.#timestampOf(index, createdMs, settings) : at(this.timestamp, first);
      this.visibleFrom[index] = createdMs + this.#lateByMs(index, settings);
    }
    this.count += size;
  }

  #plant({ kind, person, place, createdMs, timestampMs }: Planned, settings: MockTenantSettings): void {
    this.#reserve(this.count + 1);
    const index = this.count++;
    this.kind[index] = kind;
    this.person[index] = person;
    this.place[index] = place;
    this.created[index] = createdMs;
    this.timestamp[index] = timestampMs;
    this.visibleFrom[index] = createdMs + this.#lateByMs(index, settings);
    this.#planted.push(index);
  }

  #timestampOf(index: number, createdMs: number, settings: MockTenantSettings): number {
    const slow = fraction(this.seed, index, SALT.slow);
    const part = fraction(this.seed, index, SALT.saving);
    const happenedMs = Math.floor(createdMs - savingDelayMs(settings, { slow, part }));
    const wholeSecond = KINDS[at(this.kind, index)]?.family === "audit";
    return wholeSecond ? Math.floor(happenedMs / 1_000) * 1_000 : happenedMs;
  }

  #lateByMs(index: number, settings: MockTenantSettings): number {
    if (fraction(this.seed, index, SALT.late) >= settings.lateVisibleShare) return 0;
    return Math.ceil(fraction(this.seed, index, SALT.lateBy) * settings.lateVisibleMaxMs);
  }

  #reserve(needed: number): void {
    if (needed <= this.created.length) return;
    const size = Math.max(needed, this.created.length * 2);
    this.created = grown(new Float64Array(size), this.created);
    this.timestamp = grown(new Float64Array(size), this.timestamp);
    this.visibleFrom = grown(new Float64Array(size), this.visibleFrom);
    this.kind = grown(new Uint8Array(size), this.kind);
    this.person = grown(new Uint8Array(size), this.person);
    this.place = grown(new Uint8Array(size), this.place);
    this.#byDate = grown(new Uint32Array(size), this.#byDate);
  }
}

type Column = Float64Array | Uint32Array | Uint8Array;

/** The value at an index that is known to exist. */
export function at(column: Column, index: number): number {
  return column[index] as number;
}

function grown<C extends Column>(target: C, source: C): C {
  target.set(source);
  return target;
}

/** How many activities from `index` on share their times; 1 for most. */
function tieSizeAt(seed: number, index: number, settings: MockTenantSettings): number {
  const { tieShare: share, tieSize: size } = settings;
  const groups = share / (size - share * size + share);
  return fraction(seed, index, SALT.tie) < groups ? size : 1;
}
