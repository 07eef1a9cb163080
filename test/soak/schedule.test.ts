import { expect, test } from "vitest";
import { type Act, FORMS, ROLES, schedule } from "./schedule.ts";

const SEEDS = [...Array(50).keys()];
const kinds = (acts: readonly Act[]) => acts.map(({ kind }) => kind);

test("a seed gives the same acts again, another one others", () => {
  expect(schedule(FORMS.long, 7)).toEqual(schedule(FORMS.long, 7));
  expect(new Set(SEEDS.map((seed) => JSON.stringify(schedule(FORMS.long, seed)))).size).toBe(SEEDS.length);
});

test("whatever the seed, the long form does all that it promises, and its last six kills come without a pause", () => {
  for (const seed of SEEDS) {
    const acts = schedule(FORMS.long, seed);
    const count = (kind: Act["kind"]) => kinds(acts).filter((each) => each === kind).length;
    expect(count("kill") + count("kill-again")).toBeGreaterThanOrEqual(12);
    expect(kinds(acts).slice(-6)).toEqual(Array(6).fill("kill-again"));
    expect([count("zombie"), count("broker"), count("cut"), count("rolling")]).toEqual([5, 5, 4, 1]);
    const roles = acts.flatMap((act) => (act.kind === "broker" ? [act.aim.role] : []));
    expect(new Set(roles)).toEqual(new Set(ROLES));
  }
});

test("the short form does one of each", () => {
  for (const seed of SEEDS) {
    expect(kinds(schedule(FORMS.short, seed)).toSorted()).toEqual(["broker", "cut", "kill", "kill-again", "zombie"]);
  }
});
