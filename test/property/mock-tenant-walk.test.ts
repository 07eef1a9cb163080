import fc from "fast-check";
import { expect, test } from "vitest";
import { answerPage } from "../../src/mock-tenant/answer-page.ts";
import { Archive } from "../../src/mock-tenant/archive.ts";
import { IssuedFilters } from "../../src/mock-tenant/next-filters.ts";
import { requestOfBody } from "../../src/mock-tenant/scan-request.ts";
import { MOCK_TENANT_DEFAULTS } from "../../src/mock-tenant/settings.ts";

const START_MS = 1_795_424_400_000;

/** Times crowded into a few hundred ms, so that pages end inside ties; groups stay smaller than a page. */
const settingsOf = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  backlog: fc.integer({ min: 0, max: 120 }),
  backlogSpanMs: fc.constantFrom(0, 40, 400, 40_000),
  savingDelayMinMs: fc.constant(0),
  savingDelayMaxMs: fc.constantFrom(0, 30, 5_000),
  tieShare: fc.constantFrom(0, 0.5, 1),
  tieSize: fc.integer({ min: 1, max: 4 }),
  pageCeiling: fc.integer({ min: 1, max: 50 }),
  nextFilters: fc.constantFrom("echo", "boundary", "opaque", "string"),
});

test("a chain of pages lists everything exactly once, or meets a time that holds more than a page", () => {
  let whole = 0;
  fc.assert(
    fc.property(
      settingsOf,
      fc.constantFrom("created", "date"),
      fc.constantFrom("asc", "desc"),
      (drawn, sortField, sortDirection) => {
        const settings = { ...MOCK_TENANT_DEFAULTS, ...drawn } as typeof MOCK_TENANT_DEFAULTS;
        const archive = new Archive(settings, START_MS);
        const times = sortField === "created" ? archive.created : archive.timestamp;
        const perTime = new Map<number, number>();
        for (let index = 0; index < archive.count; index++) {
          perTime.set(times[index]!, (perTime.get(times[index]!) ?? 0) + 1);
        }
        const overflows = Math.max(0, ...perTime.values()) >= settings.pageCeiling!;
        const seen: number[] = [];
        let filters: unknown = {};
        for (let pages = 0; pages < 500; pages++) {
          const asked = requestOfBody(JSON.stringify({ filters, isScan: true, sortField, sortDirection }), "json");
          if (asked === "unreadable" || Array.isArray(asked)) throw new Error("refused");
          const context = { archive, settings, issued: new IssuedFilters(), nowMs: START_MS, fault: null };
          const page = answerPage(asked, context);
          if (Array.isArray(page)) throw new Error("refused");
          seen.push(...page.indexes);
          if (page.envelope["hasNext"] === false) break;
          filters = page.envelope["nextQueryFilters"];
          if (overflows && pages > 200) return;
        }
        if (overflows && seen.length !== archive.count) return;
        whole++;
        expect(seen).toHaveLength(archive.count);
        expect(new Set(seen).size).toBe(archive.count);
      },
    ),
    { numRuns: 300 },
  );
  expect(whole).toBeGreaterThan(100);
});
