import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Archive } from "../../../src/mock-tenant/archive.ts";
import { noise } from "../../../src/mock-tenant/noise.ts";
import { MOCK_TENANT_DEFAULTS, type MockTenantOptions } from "../../../src/mock-tenant/settings.ts";
import { START_MS } from "./fixture.ts";

const made = (options: MockTenantOptions) => {
  const settings = { ...MOCK_TENANT_DEFAULTS, ...options } as typeof MOCK_TENANT_DEFAULTS;
  return { archive: new Archive(settings, START_MS), settings };
};

describe("the archive", () => {
  test("spreads its backlog over the span, ordered by created", () => {
    const { archive } = made({ backlog: 1_000, backlogSpanMs: 3_600_000 });
    const created = [...archive.created.subarray(0, archive.count)];
    expect(created).toEqual([...created].sort((a, b) => a - b));
    expect(created[0]).toBeGreaterThanOrEqual(START_MS - 3_600_000);
    expect(created.at(-1)).toBeLessThanOrEqual(START_MS);
    const firstHalf = created.filter((at) => at < START_MS - 1_800_000).length;
    expect(Math.abs(firstHalf - 500)).toBeLessThan(3);
  });

  test("makes the same live activities whether asked often or once", () => {
    const often = made({ rate: 37 });
    const once = made({ rate: 37 });
    often.archive.advance(START_MS, often.settings);
    once.archive.advance(START_MS, once.settings);
    for (let ms = 0; ms <= 10_000; ms += 7) often.archive.advance(START_MS + ms, often.settings);
    often.archive.advance(START_MS + 10_000, often.settings);
    once.archive.advance(START_MS + 10_000, once.settings);
    expect(often.archive.count).toBe(370);
    expect(once.archive.count).toBe(370);
    expect(once.archive.created.subarray(0, 370)).toEqual(often.archive.created.subarray(0, 370));
  });

  test("keeps its order by date through any mixture of growth", () => {
    const growth = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 900_000 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(growth, fc.integer({ min: 0, max: 60 }), (steps, backlog) => {
        const { archive, settings } = made({ backlog, backlogSpanMs: 600_000, tieShare: 0.4, tieSize: 3 });
        let nowMs = START_MS;
        for (const [count, gapMs] of steps) {
          archive.byDate();
          nowMs += gapMs;
          archive.add(count, nowMs, settings);
        }
        const order = [...archive.byDate().subarray(0, archive.count)];
        const expected = [...order].sort((a, b) => archive.timestamp[a]! - archive.timestamp[b]! || a - b);
        expect(order).toEqual(expected);
        expect(new Set(order).size).toBe(archive.count);
      }),
    );
  });

  test("ties share both times, in the share and size asked for", () => {
    const { archive } = made({ backlog: 6_000, tieShare: 0.5, tieSize: 10 });
    const groups = new Map<string, number>();
    for (let index = 0; index < archive.count; index++) {
      const key = `${archive.created[index]} ${archive.timestamp[index]}`;
      groups.set(key, (groups.get(key) ?? 0) + 1);
    }
    const tied = [...groups.values()].filter((size) => size > 1);
    expect(tied.every((size) => size === 10)).toBe(true);
    expect(tied.length * 10).toBeGreaterThan(2_400);
    expect(tied.length * 10).toBeLessThan(3_600);
  });

  test("takes less than 64 bytes an activity", () => {
    const { archive } = made({ backlog: 100_000 });
    const columns = [
      archive.created,
      archive.timestamp,
      archive.visibleFrom,
      archive.kind,
      archive.person,
      archive.place,
    ];
    const bytes = columns.reduce((sum, column) => sum + column.byteLength, archive.byDate().byteLength);
    expect(bytes / 100_000).toBeLessThan(64);
  });
});

test("noise never repeats over indexes for one seed and salt", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 100 }), (seed, salt) => {
      const drawn = new Set(Array.from({ length: 5_000 }, (_, index) => noise(seed, index, salt)));
      expect(drawn.size).toBe(5_000);
    }),
    { numRuns: 20 },
  );
});
