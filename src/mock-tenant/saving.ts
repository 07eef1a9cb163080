import type { MockTenantSettings } from "./settings.ts";

/** How long after it happened an activity is saved, by two uniform draws in [0, 1): is it a slow one, and how slow. */
export function savingDelayMs(settings: MockTenantSettings, draws: { slow: number; part: number }): number {
  const { savingDelayMinMs: min, savingDelayMaxMs: max, slowSavingShare, slowSavingMaxMs } = settings;
  const most = draws.slow < slowSavingShare ? Math.max(max, slowSavingMaxMs) : Math.max(min, max);
  return min + draws.part * (most - min);
}
