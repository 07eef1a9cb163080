import type { SimActivity } from "../fakes/sim-tenant.ts";
import { Seeded } from "../simulation/seeded.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export const BEGIN_MS = Date.UTC(2026, 10, 23, 9, 0, 0);
/** Activities happen for two days; collectors run for a little more than three, to find the last of them. */
const TRAFFIC_MS = 2 * DAY_MS;
export const RUN_MS = 3 * DAY_MS + 2 * HOUR_MS;
export const PAGE_CEILING = 50;
/** The share of requests that fail, whoever makes them. */
export const FAULT_SHARE = 0.01;
/** Of activities, shown long after they were saved. */
const LATE_SHARE = 0.05;

/**
 * What a tenant saves in two days: a trickle and bursts, several on one instant, times of whole seconds as Office 365
 * tells them; most saved a few minutes after they happened, some hours later; most shown within 4 s of that, some up
 * to 20 h later.
 */
export function traffic(seed: number): SimActivity[] {
  const seeded = new Seeded(seed);
  const happenedMs: number[] = [];
  const trickle = () => happenedMs.push(BEGIN_MS + seeded.int(0, TRAFFIC_MS));
  for (let at = 0; at < 600; at++) trickle();
  for (let burst = 0; burst < 12; burst++) {
    const fromMs = BEGIN_MS + seeded.int(0, TRAFFIC_MS);
    for (let at = 0; at < 120; at++) happenedMs.push(fromMs + seeded.int(0, MINUTE_MS));
  }
  return happenedMs.map((atMs, at) => {
    const dateMs = seeded.chance(0.7) ? Math.floor(atMs / SECOND_MS) * SECOND_MS : atMs;
    const delayMs = seeded.chance(0.03)
      ? seeded.int(HOUR_MS, 8 * HOUR_MS)
      : seeded.int(100 * SECOND_MS, 340 * SECOND_MS);
    // Saved in batches, several in the same millisecond.
    const createdMs = Math.ceil((dateMs + delayMs) / 250) * 250;
    const hiddenMs = seeded.chance(LATE_SHARE) ? seeded.int(0, 20 * HOUR_MS) : seeded.int(0, 4_000);
    return { id: `a${at}`, createdMs, dateMs, visibleMs: createdMs + hiddenMs };
  });
}

/** When the collector dies: inside a scan after this, or a day later at any answer. */
export const crashAtMs = (seed: number): number => BEGIN_MS + 12 * HOUR_MS + new Seeded(seed + 1_000).int(0, DAY_MS);
