import type { Machine } from "../real/machine.ts";
import type { Outcome } from "./campaign.ts";
import { FORMS, schedule } from "./schedule.ts";

export const SOME_MACHINE: Machine = {
  takenAt: "2026-11-25T10:00:00.000Z",
  commit: "abc1234",
  dirty: false,
  cpu: "a <processor>",
  cores: 2,
  memoryGb: 24,
  node: "v20.19.0",
  platform: "linux x64",
  load: 0.1,
};
/** What a campaign might have come to: made up, and green. */
export const GREEN: Outcome = {
  form: FORMS.short,
  seed: 7,
  machine: SOME_MACHINE,
  versions: { kafkajs: "2.2.4", kafka: "4.1.1" },
  minutes: 2,
  acts: schedule(FORMS.short, 7),
  brokenOff: null,
  check: {
    ...{ expected: 8_123, published: 8_123, missing: 0, duplicate: 0, altered: 0, unknown: 0, mistimed: 0 },
    ...{ undecodable: 0, deadLettered: 0, withoutRaw: 0, beyondLastStable: 0, examples: {} },
  },
  tenants: [{ tenant: "<b>t</b>", activities: 8_123, requests: 99, limit: 90, most: 89, throttled: 0 }],
  replicaKills: [
    { by: "r-1", atMs: 1, again: false, pagesInHand: 1 },
    { by: "r-2", atMs: 2, again: true, pagesInHand: 0 },
  ],
  brokerKills: [
    {
      node: 2,
      role: "group-coordinator",
      atMs: 1,
      coordinated: [3],
      underWay: [{ shard: 3, result: "failed", coordinated: true }],
    },
  ],
  cuts: [{ slot: 0, node: 1, role: "cursors-leader", how: "silent", seconds: 8 }],
  zombies: 1,
  begunByZombies: 0,
  moves: [],
  recovered: {
    paused: { count: 2, medianMs: 6_540, worstMs: 7_120 },
    again: { count: 2, medianMs: null, worstMs: null },
  },
  silences: [
    {
      what: "kill",
      moved: { count: 2, medianMs: 6_540, worstMs: 7_120 },
      kept: { count: 0, medianMs: null, worstMs: null },
    },
  ],
  ordinaryMs: 1_012,
};
