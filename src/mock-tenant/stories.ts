import { FAILED_LOGIN, FILE_DOWNLOADED, kindOf, LOGIN } from "./kinds.ts";
import { fraction, noise } from "./noise.ts";
import { CAST, EVERYDAY_PEOPLE, PEOPLE, PLACES, placeOf, SCENES } from "./people.ts";
import { savingDelayMs } from "./saving.ts";
import type { MockTenantSettings, StoryName } from "./settings.ts";

const SALT = { thief: 80, moment: 81, target: 82, saving: 83, slow: 84 };
const SALTS_A_STORY = 10;
const FILES = 300;
const TARGETS = 30;

/** One activity of a story. */
interface Deed {
  readonly kind: number;
  readonly person: number;
  readonly place: number;
  /** When it happens, as a share of the story's span, 0 to 1. */
  readonly moment: number;
}

/** A deed at its place in time. */
export interface Planned extends Deed {
  readonly story: StoryName;
  /** The place in the story's order of events. */
  readonly step: number;
  readonly timestampMs: number;
  readonly createdMs: number;
}

/** The deeds of each story in the order in which they happen, of the seed alone. */
const DEEDS: Readonly<Record<StoryName, (seed: number) => readonly Deed[]>> = {
  exfiltration: (seed) => {
    const person = noise(seed, 0, SALT.thief) % EVERYDAY_PEOPLE;
    return Array.from({ length: FILES }, (_, file) => ({
      kind: kindOf(FILE_DOWNLOADED),
      person,
      place: placeOf(person, 0),
      moment: (file + fraction(seed, file, SALT.moment)) / FILES,
    }));
  },
  "impossible-traveller": () => {
    const login = { kind: kindOf(LOGIN), person: CAST.traveller };
    return [
      { ...login, place: SCENES.home, moment: 0 },
      { ...login, place: SCENES.abroad, moment: 1 },
    ];
  },
  "password-spray": (seed) => {
    const first = noise(seed, 0, SALT.target) % EVERYDAY_PEOPLE;
    const targets = Array.from({ length: TARGETS }, (_, target) => (first + 3 * target) % EVERYDAY_PEOPLE);
    const tried = [...targets, CAST.sprayed].map((person, at) => ({
      kind: kindOf(FAILED_LOGIN),
      person,
      place: SCENES.sprayer,
      moment: at / (TARGETS + 1),
    }));
    return [...tried, { kind: kindOf(LOGIN), person: CAST.sprayed, place: SCENES.sprayer, moment: 1 }];
  },
};

/**
 * What the stories in the settings plant, by `createdMs`. Each begins so that the first activity is saved no earlier
 * than `storyAfterMs` after the start, and goes on for `storySpanMs`; each activity is saved as late as ordinary ones are.
 */
export function plannedStories(settings: MockTenantSettings, startMs: number): readonly Planned[] {
  const { seed } = settings;
  const fromMs = startMs + settings.storyAfterMs - settings.savingDelayMinMs;
  const planned = settings.stories.flatMap((story, number) =>
    DEEDS[story](seed).map((deed, step): Planned => {
      const happenedMs = Math.floor(fromMs + deed.moment * settings.storySpanMs);
      // Office 365 audit records have whole seconds; rounded up, so that none is before the beginning.
      const timestampMs = deed.kind === kindOf(FILE_DOWNLOADED) ? Math.ceil(happenedMs / 1_000) * 1_000 : happenedMs;
      const slow = fraction(seed, step, SALT.slow + SALTS_A_STORY * number);
      const part = fraction(seed, step, SALT.saving + SALTS_A_STORY * number);
      const createdMs = Math.ceil(timestampMs + savingDelayMs(settings, { slow, part }));
      return { ...deed, story, step, timestampMs, createdMs };
    }),
  );
  return planned.sort((a, b) => a.createdMs - b.createdMs);
}

/** What a perfect detector finds of one story. */
export interface StoryRow {
  readonly story: StoryName;
  /** Everybody whose account acts in it; of a password spray the last is the one whose password was right. */
  readonly users: readonly string[];
  readonly ips: readonly string[];
  /** `timestamp` of its first and last activity, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** How many activities it has in all. */
  readonly activities: number;
  /** Of those saved so far, in the order in which they happen; the story is complete when it has them all. */
  readonly ids: readonly string[];
}

/** Each story of the plan. `ids`: by place in the plan, of the activities that exist. */
export function storyRows(plan: readonly Planned[], ids: readonly string[]): StoryRow[] {
  const names = [...new Set(plan.map(({ story }) => story))].sort();
  return names.map((story) => {
    const parts = plan.map((planned, at) => ({ ...planned, id: ids[at] })).filter((part) => part.story === story);
    parts.sort((a, b) => a.step - b.step);
    const times = parts.map(({ timestampMs }) => timestampMs);
    return {
      story,
      users: [...new Set(parts.map(({ person }) => PEOPLE[person]?.userName ?? ""))],
      ips: [...new Set(parts.map(({ place }) => PLACES[place]?.ip ?? ""))],
      from: Math.min(...times),
      to: Math.max(...times),
      activities: parts.length,
      ids: parts.flatMap(({ id }) => id ?? []),
    };
  });
}
