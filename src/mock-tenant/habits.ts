import { FAILED_LOGIN, FILE_DOWNLOADED, KINDS, kindOf, LOGIN } from "./kinds.ts";
import { EVERYDAY_PEOPLE } from "./people.ts";

const PERIOD_MS = 600_000;

interface Habit {
  /** How many of its kinds one person makes, by `created`, in a period; and what they do instead of more. */
  readonly most: number;
  readonly instead: number;
}

const DOWNLOADS: Habit = { most: 10, instead: kindOf("EVENT_O365_ONEDRIVE_GENERIC") };
const FAILURES: Habit = { most: 4, instead: kindOf(LOGIN) };
const DOWNLOAD = KINDS.find((kind) => kind.eventTypeValue === FILE_DOWNLOADED)?.eventTypeName;

/** By number of the kind; null where nothing keeps people from it. */
const HABITS = KINDS.map((kind) => {
  if (kind.eventTypeName === DOWNLOAD) return DOWNLOADS;
  return kind.eventTypeValue === FAILED_LOGIN ? FAILURES : null;
});

/**
 * Keeps everyday people from what looks like a story, at any rate of traffic: each downloads at most 10 files and
 * fails to log in at most 4 times in any aligned ten minutes of `created`.
 */
export class Habits {
  #period = Number.NEGATIVE_INFINITY;
  readonly #downloads = new Uint8Array(EVERYDAY_PEOPLE);
  readonly #failures = new Uint8Array(EVERYDAY_PEOPLE);

  /** The kind that a person does when this one is drawn for them. `createdMs` never decreases. */
  kindFor(kind: number, person: number, createdMs: number): number {
    const habit = HABITS[kind] ?? null;
    if (habit === null) return kind;
    this.#enter(Math.floor(createdMs / PERIOD_MS));
    const counts = habit === DOWNLOADS ? this.#downloads : this.#failures;
    const count = counts[person] as number;
    if (count >= habit.most) return habit.instead;
    counts[person] = count + 1;
    return kind;
  }

  #enter(period: number): void {
    if (period === this.#period) return;
    this.#period = period;
    this.#downloads.fill(0);
    this.#failures.fill(0);
  }
}
