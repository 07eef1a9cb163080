import type { SimActivity } from "../fakes/sim-tenant.ts";
import { BEGIN_MS, MINUTE_MS } from "./site.ts";

/** One every `everyMs`, from `fromMinute` to `untilMinute` after the beginning, as `more` changes it. */
export function traffic(
  fromMinute: number,
  untilMinute: number,
  everyMs: number,
  more: (activity: SimActivity, nth: number) => SimActivity = (activity) => activity,
): SimActivity[] {
  const fromMs = BEGIN_MS + fromMinute * MINUTE_MS;
  const count = Math.floor(((untilMinute - fromMinute) * MINUTE_MS) / everyMs);
  return Array.from({ length: count }, (_, nth) => {
    const createdMs = fromMs + nth * everyMs;
    return more({ id: `${fromMinute}-${nth}`, createdMs, dateMs: createdMs - 1_000, visibleMs: createdMs }, nth);
  });
}
