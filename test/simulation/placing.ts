import type { SimActivity } from "../fakes/sim-tenant.ts";
import { guaranteeMs, OVERLAP_MS, type Scenario } from "./scenario.ts";
import type { Seeded } from "./seeded.ts";

const HOUR_MS = 3_600_000;
/** What the first pass of a scan that begins in the past asks for. */
const FIRST_SPAN_MS = OVERLAP_MS + HOUR_MS;

/** Everything of a scenario but its activities and what goes wrong. */
export type Setting = Omit<Scenario, "activities" | "faults" | "incidents" | "verifies" | "changes">;

export interface Crowd {
  readonly count: number;
  /** The time along which activities are placed; the other one is derived. */
  readonly field: "created" | "date";
  /** What is there before the first process starts: from then to `beginMs`. */
  readonly fromMs: number;
  /** How long after the begin activities are saved. */
  readonly liveMs: number;
  /** Whether more may share an instant than a page passes. */
  readonly overfull: boolean;
  /** Whether pages are read by splitting the time. */
  readonly isSplit: boolean;
  /** How far the two times of an activity lie apart at most. */
  readonly lagMs: number;
}

/** In turn; some activities have none. */
const SERVICES = [20_893, 11_161, undefined, 15_600, 20_893] as const;

/** Activities crowded around the seams: edges of slices and spans, one another, the overlap, the lookbacks' ages. */
export function placeActivities(seeded: Seeded, setting: Setting, crowd: Crowd): SimActivity[] {
  const { emptyAtInstant, pageCeiling } = setting.tenant;
  // A tenant that shows nothing at an instant cannot be read at all where the next lies a millisecond beside it.
  const grainMs = emptyAtInstant ? 4 : 1;
  const placed: SimActivity[] = [];
  const values: number[] = [];
  const onInstant = new Map<string, number>();
  const fits = (field: string, atMs: number) => {
    const key = `${field} ${atMs}`;
    const count = (onInstant.get(key) ?? 0) + 1;
    onInstant.set(key, count);
    return crowd.overfull || count < pageCeiling;
  };
  const onGrain = (atMs: number) => Math.ceil(atMs / grainMs) * grainMs;
  for (let at = 0; at < crowd.count; at++) {
    const live = seeded.chance(0.4);
    const valueMs = onGrain(seamMs(seeded, setting, { ...crowd, live }, values));
    values.push(valueMs);
    const isLate = valueMs > setting.beginMs || seeded.chance(0.1);
    const visibleMs = isLate ? valueMs + latenessMs(seeded, setting.scan.lookbacksMs) : 0;
    const apartMs = seeded.int(0, lag(seeded, crowd.lagMs));
    // What happened is saved before it shows.
    const latestMs = isLate ? Math.max(valueMs, visibleMs) : setting.beginMs;
    const [createdMs, dateMs] =
      crowd.field === "created"
        ? [valueMs, onGrain(valueMs - apartMs)]
        : [onGrain(Math.min(valueMs + apartMs, latestMs - grainMs)), valueMs];
    if (!fits("created", createdMs) || !fits("date", dateMs)) continue;
    // Of one service alone a crowd cannot be split.
    const service = setting.seed % 2 === 0 ? undefined : SERVICES[at % SERVICES.length];
    placed.push({ id: `a${at}`, createdMs, dateMs, visibleMs, ...(service === undefined ? {} : { service }) });
  }
  return placed;
}

const lag = (seeded: Seeded, mostMs: number): number => seeded.pick([0, 1, Math.min(mostMs, 1_000), mostMs]);

function seamMs(seeded: Seeded, setting: Setting, crowd: Crowd & { live: boolean }, values: readonly number[]): number {
  const { beginMs } = setting;
  const [fromMs, untilMs] = crowd.live ? [beginMs, beginMs + crowd.liveMs] : [crowd.fromMs, beginMs];
  const besideMs = seeded.pick([-1, 0, 1]);
  const uniform = () => seeded.int(fromMs, untilMs);
  const bound = (atMs: number) => Math.min(Math.max(atMs, crowd.fromMs - 10_000), beginMs + crowd.liveMs);
  const earlier = values.length > 0 ? seeded.pick(values) : uniform();
  if (crowd.overfull && seeded.chance(0.6)) return (values[0] ?? uniform()) + seeded.pick([0, 0, besideMs]);
  // Where the first span is cut in halves, and the lower half again.
  if (crowd.isSplit && seeded.chance(0.3)) {
    return bound(crowd.fromMs + Math.floor(FIRST_SPAN_MS / 2 ** seeded.int(1, 5)) + seeded.pick([0, 1, 1, 2]));
  }
  switch (seeded.int(0, 9)) {
    case 0:
    case 1:
      return bound(Math.round(uniform() / HOUR_MS) * HOUR_MS + besideMs);
    case 2:
    case 3:
      return earlier;
    case 4:
      return bound(earlier + seeded.pick([-1, 1]) * seeded.pick([1, OVERLAP_MS - 1, OVERLAP_MS, OVERLAP_MS + 1]));
    case 5:
      return bound(crowd.fromMs + OVERLAP_MS + seeded.int(0, 8) * HOUR_MS + besideMs);
    case 6:
      return bound(beginMs + seeded.int(0, 40) * setting.scan.pollIntervalMs + besideMs);
    case 7:
      return bound(
        beginMs - seeded.pick([0, ...setting.scan.lookbacksMs, 600_000, 900_000]) + seeded.int(-1, 1) * 1_000,
      );
    default:
      return uniform();
  }
}

/** How long after its value an activity shows: never, within the overlap, up to each age, or too late for all. */
function latenessMs(seeded: Seeded, agesMs: readonly number[]): number {
  const besideMs = seeded.pick([0, 1, 250, 1_000]);
  const upTo = (mostMs: number) => (seeded.chance(0.5) ? seeded.int(0, mostMs) : mostMs - besideMs);
  return seeded.weighted<() => number>([
    [30, () => 0],
    [5, () => -seeded.int(0, 9_000)],
    [35, () => upTo(OVERLAP_MS)],
    ...agesMs.map((ageMs): [number, () => number] => [25, () => upTo(ageMs)]),
    [4, () => guaranteeMs(agesMs) + seeded.pick([1, 1_000, 60_000])],
  ])();
}
