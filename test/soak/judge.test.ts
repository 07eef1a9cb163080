import { expect, test } from "vitest";
import type { Outcome } from "./campaign.ts";
import { GREEN } from "./green-outcome.ts";
import { faultsOf } from "./judge.ts";
import { FORMS } from "./schedule.ts";

const check = GREEN.check as NonNullable<Outcome["check"]>;
const tenant = GREEN.tenants[0] as Outcome["tenants"][number];
const kill = GREEN.brokerKills[0] as Outcome["brokerKills"][number];

test("a campaign that did all that its form says, and in which nothing was wrong, is green", () => {
  expect(faultsOf({ ...GREEN, tenants: Array(6).fill(tenant) })).toEqual([]);
});

test.each<[says: string, change: Partial<Outcome>]>([
  ["broken off: no owner", { brokenOff: "no owner" }],
  ["not compared", { check: null }],
  ["1 activities missing", { check: { ...check, missing: 1 } }],
  ["2 activities duplicate", { check: { ...check, duplicate: 2 } }],
  ["1 activities altered", { check: { ...check, altered: 1 } }],
  ["1 activities unknown", { check: { ...check, unknown: 1 } }],
  ["4 activities beyondLastStable", { check: { ...check, beyondLastStable: 4 } }],
  ["8122 published of 8123", { check: { ...check, published: 8_122 } }],
  ["91 requests of 90 allowed", { tenants: [...Array(5).fill(tenant), { ...tenant, most: 91 }] }],
  ["1 refused", { tenants: [...Array(5).fill(tenant), { ...tenant, throttled: 1 }] }],
  ["1 requests begun by zombies", { begunByZombies: 1 }],
  ["moved 3 times", { moves: [[2, 3, 0]] }],
  [
    "never committed again",
    { recovered: { ...GREEN.recovered, paused: { count: 1, medianMs: 7, worstMs: Infinity } } },
  ],
  ["only 1 kills of replicas, not 2", { replicaKills: GREEN.replicaKills.slice(1) }],
  [
    "only 0 kills of replicas with a page in hand",
    { replicaKills: GREEN.replicaKills.map((k) => ({ ...k, pagesInHand: 0 })) },
  ],
  ["only 0 kills of brokers", { brokerKills: [] }],
  ["only 0 kills of brokers in a transaction", { form: FORMS.long, brokerKills: [{ ...kill, underWay: [] }] }],
  ["only 0 cuts", { cuts: [] }],
  ["only 0 zombies", { zombies: 0 }],
  ["only 1 tenants", { tenants: [tenant] }],
  ["only 8123 activities expected", { form: { ...GREEN.form, activities: 9_000 } }],
])("what says %j is not green", (says, change) => {
  const outcome = { ...GREEN, tenants: Array(6).fill(tenant), ...change };
  expect(faultsOf(outcome).join("\n")).toContain(says);
});
