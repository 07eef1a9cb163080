import avsc from "avsc";
import { expect, test } from "vitest";
import type { Verdict } from "../../src/tenant/answer.ts";
import type { PageRequest } from "../../src/tenant/request.ts";
import { evenly, idsOf, play, START } from "../fakes/one-shot-play.ts";
import type { SimOptions } from "../fakes/sim-tenant.ts";

const sorted = (ids: readonly string[]) => [...ids].sort();

/** Ten hours with activities at both ends of each minute, so that the edges of spans fall on them. */
const atEdges = evenly(600, 60_000).flatMap((each) => [
  each,
  { ...each, id: `${each.id}-end`, createdMs: each.createdMs + 59_999, dateMs: each.dateMs + 59_999 },
]);
const spans = { plan: { since: { kind: "instant", atMs: START - 601 * 60_000 }, spanActivities: 120 } } as const;

/** Shows nothing, though it counts, to first requests whose lower bound is a whole second, as spans' are. */
const emptyAtBegin = (request: PageRequest): Verdict | null => {
  const isAhead = request.filters === JSON.stringify({ created: { gte: START + 86_400_000 } });
  const isFirst = /^\{"created":\{"gte":\d+000(,"lte":\d+)?\}\}$/.test(request.filters);
  return isFirst && !isAhead ? { kind: "page", hasNext: false, nextFilters: null, total: 5, activities: 0 } : null;
};

const quirks: readonly Partial<SimOptions>[] = [
  {},
  { next: "boundary" },
  { next: "opaque" },
  { descending: true },
  { next: "date" },
  { next: "other" },
  { next: "opaque", fault: emptyAtBegin },
  { lacksNext: true },
];

test.each(quirks)("a long scan is read span by span, and remembers no more ids than a span has: %o", async (sim) => {
  const { written, error, kept } = await play({ ...spans, sim, activities: atEdges });
  expect(error).toBeNull();
  expect(sorted(written)).toEqual(sorted(atEdges.map(({ id }) => id)));
  const remembered = kept.map((state) => (JSON.parse(state) as { ids: { known: string } }).ids.known.length / 21);
  expect(Math.max(...remembered)).toBeLessThan(250);
  const begun = kept.filter((state) => (JSON.parse(state) as { job: { pass: unknown } }).job.pass === null);
  expect(begun.length).toBeGreaterThanOrEqual(8);
});

test.each(quirks)(
  "whatever page and moment a scan is killed at, it goes on without loss or repeat: %o",
  async (sim) => {
    const set = { ...spans, sim, activities: atEdges };
    const truth = sorted(atEdges.map(({ id }) => id));
    const { pages } = await play(set);
    expect(pages).toBeGreaterThan(5);
    for (let page = 1; page <= pages; page += 1 + Math.floor(pages / 6)) {
      for (const moment of ["torn", "written", "kept"] as const) {
        const first = await play({ ...set, kill: { page, moment } });
        expect(first.died).toBe(true);
        const { written, error } = await play({ ...set, left: first.left });
        expect(error).toBeNull();
        expect(sorted(written), `killed at page ${page}, ${moment}`).toEqual(truth);
      }
    }
  },
);

test("a scan that is killed after every second page comes to its end", async () => {
  const set = { ...spans, activities: atEdges };
  let { left, died } = await play({ ...set, kill: { page: 2, moment: "torn" } });
  let processes = 1;
  for (; died && processes < 200; processes++) {
    ({ left, died } = await play({ ...set, left, kill: { page: 2, moment: "torn" } }));
  }
  expect(died).toBe(false);
  expect(processes).toBeGreaterThan(10);
  expect(sorted(idsOf(left.output))).toEqual(sorted(atEdges.map(({ id }) => id)));
});

test("what goes on asks for nothing twice: neither the probe nor a page that is written", async () => {
  const whole = await play();
  const first = await play({ kill: { page: 3, moment: "kept" } });
  const second = await play({ left: first.left });
  expect(first.sim.requests.length + second.sim.requests.length).toBe(whole.sim.requests.length);
  expect(second.sim.requests[0]).toEqual(whole.sim.requests[4]);
  expect(second.tally.pages).toBe(whole.tally.pages);
});

test("an Avro file that was cut off in the middle of a block is whole again", async () => {
  const set = { ...spans, activities: atEdges, format: "avro" } as const;
  const truth = sorted(atEdges.map(({ id }) => id));
  for (const page of [1, 2, 9]) {
    const { left } = await play({ ...set, kill: { page, moment: "torn" } });
    const { output } = await play({ ...set, left });
    expect(sorted(await containerIds(output))).toEqual(truth);
  }
});

/** The ids in an Avro container file, by avsc's own reader. @throws where a block does not end where its head says. */
async function containerIds(file: Buffer): Promise<string[]> {
  const decoder = new avsc.streams.BlockDecoder();
  const ids: string[] = [];
  decoder.on("data", ({ _id }: { _id: string }) => ids.push(_id));
  decoder.end(file);
  await new Promise((resolve, reject) => decoder.once("end", resolve).once("error", reject));
  return ids;
}
