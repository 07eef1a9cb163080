import type { Breach } from "./oracle.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenario.ts";

const TRIES_MAX = 2_000;

/** A shorter scenario that fails in the same way: whatever can be left out of it is left out. */
export async function shorten(scenario: Scenario, breach: Breach): Promise<Scenario> {
  let shortest = scenario;
  let tries = 0;
  const fails = async (candidate: Scenario) => {
    tries += 1;
    return (await play(candidate)).failure?.breach === breach;
  };
  for (let wasShorter = true; wasShorter && tries < TRIES_MAX; ) {
    wasShorter = false;
    for (const without of omissions(shortest)) {
      const candidate = without(shortest);
      if (candidate === null || tries >= TRIES_MAX || !(await fails(candidate))) continue;
      shortest = candidate;
      wasShorter = true;
    }
  }
  return shortest;
}

type Omission = (scenario: Scenario) => Scenario | null;

function omissions(scenario: Scenario): Omission[] {
  return [
    ...lists.flatMap((list) => halves(scenario[list].length).map(([from, count]) => cut(list, from, count))),
    ...plainer.map(
      (change): Omission =>
        (at) => {
          const changed = { ...at, ...change(at) };
          return JSON.stringify(changed) === JSON.stringify(at) ? null : changed;
        },
    ),
  ];
}

const lists = ["activities", "faults", "incidents", "verifies", "changes"] as const;

/** Stretches of a list to leave out: large ones first, then each by itself; from the end. */
function halves(length: number): [from: number, count: number][] {
  const stretches: [number, number][] = [];
  for (let count = length; count >= 1; count = Math.floor(count / 2)) {
    for (let from = length - count; from > -count; from -= count) stretches.push([Math.max(0, from), count]);
  }
  return stretches;
}

function cut(list: (typeof lists)[number], from: number, count: number): Omission {
  return (scenario) => {
    const left = [...scenario[list].slice(0, from), ...scenario[list].slice(from + count)];
    return left.length === scenario[list].length ? null : { ...scenario, [list]: left };
  };
}

const plainer: readonly ((scenario: Scenario) => Partial<Scenario>)[] = [
  () => ({ latenciesMs: [] }),
  () => ({ commitMs: 0 }),
  () => ({ skewMs: 0 }),
  ({ tenant }) => ({ tenant: { ...tenant, next: "echo", refusesNext: false } }),
  ({ tenant }) => ({ tenant: { ...tenant, descending: false } }),
  ({ tenant }) => ({ tenant: { ...tenant, ignoreCreated: false } }),
  ({ tenant }) => ({ tenant: { ...tenant, emptyAtInstant: false } }),
  ({ tenant }) => ({ tenant: { ...tenant, pageCeiling: 500 } }),
];
