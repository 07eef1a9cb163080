import { expect, test } from "vitest";
import type { TakeActivity, Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { bodyOf } from "../fakes/sim-tenant.ts";
import { backlog, HOUR_MS, idsOf, MINUTE_MS, NOW_MS, Scene, saved, sorted } from "../unit/connector/scene.ts";

test.each([false, true])(
  "a tenant that says the same comes next where a bound is an activity's exact instant loses nothing (descending: %s)",
  async (descending) => {
    // One at the very beginning of a slice, where lookbacks begin to read again and again.
    const activities = [...backlog(40), saved("edge", NOW_MS - HOUR_MS), saved("end", NOW_MS - 1)];
    const scan = { lookbacksMs: [2 * MINUTE_MS], start: { kind: "age", ageMs: HOUR_MS } } as const;
    const scene = new Scene({ activities, pageCeiling: 5, emptyAtInstant: "again", descending, scan });
    scene.start();
    await scene.pass(2 * HOUR_MS);
    expect(sorted(scene.published)).toEqual(idsOf(activities));
    expect(scene.anomalies("empty_page_with_next")).toBeGreaterThan(5);
    expect([...scene.ledgers().values()].flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(scene.of("cursor_moved").some(({ openGaps }) => openGaps > 0)).toBe(false);
  },
);

test("a tenant that says there is more and never how to ask for it is read by time, and each such answer is counted", async () => {
  // More on one instant than a page holds, too.
  const crowd = Array.from({ length: 8 }, (_, at) => saved(`c${at}`, NOW_MS - 90_500, { service: at % 3 }));
  const activities = [...backlog(30), ...crowd];
  const scene = new Scene({ activities, pageCeiling: 4, lacksNext: true });
  scene.start();
  await scene.pass(20 * MINUTE_MS);
  expect(sorted(scene.published)).toEqual(idsOf(activities));
  expect(scene.anomalies("contract_error")).toBeGreaterThan(10);
  expect(scene.states).toContain("retrying");
  expect(scene.states.at(-1)).toBe("idle");
  expect(scene.of("cursor_moved").at(-1)?.openGaps).toBe(0);
});

test("of more to come without next filters nothing is published, once or again", async () => {
  const activities = backlog(3);
  const publishedBefore: number[] = [];
  const fault = (_: PageRequest, number: number, take: TakeActivity): Verdict | null => {
    publishedBefore.push(scene.published.length);
    if (number !== 2 && number !== 3) return null;
    for (const activity of activities) take(bodyOf(activity));
    return { kind: "contract", reason: "no next", lacksNext: true };
  };
  const scene: Scene = new Scene({ activities, fault, scan: { cursorField: "created" } });
  scene.start();
  await scene.pass(MINUTE_MS);
  expect(publishedBefore.slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(scene.published).toEqual(["a0", "a1", "a2"]);
  expect(scene.anomalies("contract_error")).toBe(2);
});
