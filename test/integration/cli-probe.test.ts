import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { REQUESTS_MAX, runCourse } from "../../src/cli/probe-course.ts";
import { type Findings, judgeCourse } from "../../src/cli/probe-findings.ts";
import { HeadersSeen } from "../../src/cli/probe-headers.ts";
import { profileOf } from "../../src/cli/probe-profile.ts";
import { reportLines } from "../../src/cli/probe-report.ts";
import type { TenantConfig } from "../../src/config/config.ts";
import type { Clock } from "../../src/kit/clock.ts";
import { Secret } from "../../src/kit/secret.ts";
import {
  type MockTenantOptions,
  NEXT_FILTERS_SHAPES,
  THROTTLE_SHAPES,
  TIE_OVERFLOWS,
} from "../../src/mock-tenant/settings.ts";
import { type MockTenant, startMockTenant } from "../../src/mock-tenant/start.ts";
import { Budget } from "../../src/tenant/budget.ts";
import { TenantClient } from "../../src/tenant/client.ts";
import type { ResponseHeaders } from "../../src/tenant/verdict.ts";
import { discard, scratchDir } from "../real/process.ts";
import { startMock } from "../real/stack.ts";
import { run } from "./cli-setup.ts";

const RATE = 20;

/** Time passes by sleeping alone, and at once: for one who asks and one who answers, in turn. */
function leapingClock(): Clock {
  let passedMs = 0;
  return {
    nowMs: () => Date.UTC(2026, 10, 25, 9, 30, 0, 123) + passedMs,
    monotonicMs: () => passedMs,
    sleep: async (delayMs, signal) => {
      signal.throwIfAborted();
      passedMs += Math.ceil(Math.max(0, delayMs));
    },
  };
}

function tenantAt(apiUrl: string): TenantConfig {
  const token = new Secret("token", () => "mock-token");
  const timeouts = { connectMs: 10_000, headersMs: 10_000, bodyMs: 10_000 };
  const auth = { kind: "token", token } as const;
  return { name: "contoso", apiUrl, auth, requestsPerMinute: RATE, ca: null, proxy: null, timeouts };
}

interface Probed {
  readonly found: Findings;
  readonly profile: MockTenantOptions;
  /** Requests that the tenant counted, and the most in any of its windows. */
  readonly requests: number;
  readonly inWindow: number;
}

/**
 * The production's course and client against a mock tenant, on one clock.
 * @param onAnswer told of each answer, by its number.
 */
async function probeMock(
  options: MockTenantOptions,
  onAnswer: (tenant: MockTenant, number: number) => void = () => {},
): Promise<Probed> {
  const clock = leapingClock();
  await using tenant = await startMockTenant({ tieSize: 1, ...options }, { clock });
  const headers = new HeadersSeen();
  let answers = 0;
  const limits = { bodyMaxBytes: 256 * 1024 * 1024, activityMaxBytes: 8 * 1024 * 1024 };
  const onHeaders = (status: number, seen: ResponseHeaders) => {
    headers.note(status, seen);
    answers += 1;
    onAnswer(tenant, answers);
  };
  await using client = new TenantClient(tenantAt(tenant.url), { clock, version: "test", limits, onHeaders });
  const budget = new Budget({ requests: RATE }, clock.monotonicMs());
  const deps = { tenant: "contoso", client, budget, clock, random: () => 0.5, onWait: () => {} };
  const course = await runCourse(deps, new AbortController().signal);
  const found = judgeCourse(course, headers);
  const { requests, maxInWindow } = tenant.stats();
  return { found, profile: profileOf(found), requests, inWindow: maxInWindow };
}

/** Small pages, so that a variant is quick; whoever asks for the longest page has his own. */
const SMALL = { pageCeiling: 200, backlog: 500 };

/** Where the report and the profile name the variant. */
type Named = { readonly found: object; readonly profile: object };

const variants: readonly (readonly [string, MockTenantOptions, Named])[] = [
  [
    "no ceiling",
    { backlog: 5_500, pageCeiling: null },
    { found: { pageCeiling: { atLeast: 5_000, atMost: null } }, profile: {} },
  ],
  ...[100, 250, 500].map((pageCeiling) => {
    const named = { found: { pageCeiling: { atLeast: pageCeiling, atMost: pageCeiling } }, profile: { pageCeiling } };
    return [`pages of ${pageCeiling}`, { pageCeiling, backlog: 2 * pageCeiling + 200 }, named] as const;
  }),
  ...NEXT_FILTERS_SHAPES.map((nextFilters) => {
    return [
      `next filters: ${nextFilters}`,
      { nextFilters },
      { found: { nextFilters }, profile: { nextFilters } },
    ] as const;
  }),
  ...(["echo", "boundary", "opaque", "string"] as const).map((nextFilters) => {
    const named = { found: { nextFilters, editedNextFilters: "refused" }, profile: { refuseEditedFilters: true } };
    return [`edited ${nextFilters} refused`, { nextFilters, refuseEditedFilters: true }, named] as const;
  }),
  [
    "created ignored",
    { ignoreCreated: true },
    { found: { honoured: { created: false, date: true } }, profile: { ignoreCreated: true } },
  ],
  [
    "order ignored",
    { faults: { descending: 1 } },
    { found: { order: { asc: "desc", desc: "desc" } }, profile: { faults: { descending: 1 } } },
  ],
  [
    "boundary repeated",
    { faults: { duplicate: 1 } },
    { found: { boundary: "repeated" }, profile: { faults: { duplicate: 1 } } },
  ],
  [
    "last page hidden",
    { faults: { "empty-last": 1 } },
    { found: { lastPage: "hidden" }, profile: { faults: { "empty-last": 1 } } },
  ],
  [
    "pages empty",
    { faults: { "empty-page": 1 } },
    { found: { emptyPages: true }, profile: { faults: { "empty-page": 1 } } },
  ],
  [
    "whole seconds empty",
    { emptyOnWholeSecond: true },
    { found: { wholeSecond: "empty" }, profile: { emptyOnWholeSecond: true } },
  ],
  ["compressed", { compress: true }, { found: { compression: "br" }, profile: { compress: true } }],
  ["a clock ahead", { clockSkewMs: 90_000 }, { found: { clockSkewSeconds: 90 }, profile: { clockSkewMs: 90_000 } }],
  [
    "a clock behind",
    { clockSkewMs: -600_000 },
    { found: { clockSkewSeconds: -600 }, profile: { clockSkewMs: -600_000 } },
  ],
  ["slow answers", { latencyMs: 700 }, { found: { answerMs: { least: 700, most: 700 } }, profile: { latencyMs: 700 } }],
  [
    "shows nothing",
    { showsNothing: true },
    { found: { activities: { seen: 0 }, pageCeiling: null, delays: null }, profile: {} },
  ],
  ["envelope first", { envelope: "before" }, { found: { envelope: "before" }, profile: { envelope: "before" } }],
  [
    "saved after one to two minutes",
    { savingDelayMinMs: 60_000, savingDelayMaxMs: 120_000 },
    { found: { delays: { slowShare: 0 } }, profile: {} },
  ],
  [
    "a tenth saved within two days",
    { slowSavingShare: 0.1 },
    { found: {}, profile: { slowSavingShare: expect.closeTo(0.1, 1), slowSavingMaxMs: expect.any(Number) } },
  ],
  [
    "a third shown up to a minute late",
    { lateVisibleShare: 0.3, rate: 20 },
    { found: { late: { found: expect.any(Number) } }, profile: { lateVisibleShare: expect.any(Number) } },
  ],
  [
    "crowds of seven",
    { tieShare: 0.5, tieSize: 7 },
    { found: { instants: { most: 7, tiedShare: expect.closeTo(0.5, 1) } }, profile: { tieSize: 7 } },
  ],
  ...TIE_OVERFLOWS.map((tieOverflow) => {
    const crowds = { tieShare: 0.9, tieSize: 700, tieOverflow, backlog: 6_000 };
    const named = { found: { overfull: tieOverflow, emptyPages: false }, profile: { tieOverflow } };
    return [`overfull instants: ${tieOverflow}`, crowds, named] as const;
  }),
  ...THROTTLE_SHAPES.map((throttleShape) => {
    const named = { found: { throttled: throttleShape }, profile: { throttleShape } };
    return [`throttled: ${throttleShape}`, { throttleShape, requestLimit: 8 }, named] as const;
  }),
  [
    "a refusal in between",
    { faultsNext: ["502", "truncate"] },
    {
      found: { troubles: { "retry, status 502": 1, "retry, status 200": 1 }, complete: false },
      profile: { faults: {} },
    },
  ],
];

test.each(variants)("a probe names what it meets: %s", async (_, options, { found, profile }) => {
  const probed = await probeMock({ ...SMALL, ...options });
  expect(probed.found, reportLines(probed.found).join("\n")).toMatchObject(found);
  expect(probed.profile).toMatchObject(profile);
  expect(probed.requests).toBeLessThanOrEqual(REQUESTS_MAX);
  expect(probed.inWindow).toBeLessThanOrEqual(RATE);
});

/** What a tenant does, without how much it had to show. */
const kindsOf = ({ activities: _, delays: __, late: ___, changed: ____, total: _____, ...found }: Findings) => {
  const { answerMs, instants, requests, ...kinds } = found;
  return kinds;
};

test.each<[string, MockTenantOptions]>([
  ["a plain tenant", { backlog: 700, pageCeiling: 250 }],
  ["quirks together", { nextFilters: "opaque", refuseEditedFilters: true, emptyOnWholeSecond: true, compress: true }],
  ["an API that goes by date", { ignoreCreated: true, nextFilters: "boundary", envelope: "before" }],
  ["a tenant in trouble", { faults: { duplicate: 1 }, clockSkewMs: -30_000, latencyMs: 900 }],
  ["one that hides", { faults: { "empty-last": 1 }, nextFilters: "string" }],
])("a profile plays what was found, and a probe of it finds the same: %s", async (_, options) => {
  const first = await probeMock({ ...SMALL, ...options });
  const second = await probeMock({ ...first.profile, backlog: 700 });
  expect(kindsOf(second.found)).toEqual(kindsOf(first.found));
  expect(second.found.delays?.medianMs).toBeCloseTo(first.found.delays?.medianMs ?? 0, -5);
  expect({ ...second.profile, ...VARYING }).toEqual({ ...first.profile, ...VARYING });
});

/** Drawn anew with each archive. */
const VARYING = {
  backlog: 0,
  backlogSpanMs: 0,
  rate: 0,
  savingDelayMinMs: 0,
  savingDelayMaxMs: 0,
  tieSize: 1,
  tieShare: 0,
};

/** All words and numbers of three characters and more that the values of a page hold. */
function wordsOf(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(wordsOf);
  return String(value).match(/[^\s"',;:{}[\]()<>]{3,}/g) ?? [];
}

test("nothing that identifies anybody gets into the report or the profile", async () => {
  const clock = leapingClock();
  await using tenant = await startMockTenant({ ...SMALL, nextFilters: "opaque" }, { clock });
  const headers = { authorization: "Token mock-token", "content-type": "application/json" };
  const body = JSON.stringify({ isScan: true, limit: 500 });
  const page = await (await fetch(`${tenant.url}/api/v1/activities/`, { method: "POST", headers, body })).json();
  const { found, profile } = await probeMock({ ...SMALL, nextFilters: "opaque", faultsNext: ["html"] });
  const report = `${reportLines(found).join("\n")}\n${JSON.stringify(found)}\n${JSON.stringify(profile)}`;
  const words = new Set([...wordsOf(page), "mock-token", "contoso", "127.0.0.1", new URL(tenant.url).port]);
  expect(words.size).toBeGreaterThan(2_000);
  const reported = new Set(report.match(/[^\s"',;:{}[\]()<>]+/g) ?? []);
  expect([...reported].filter((word) => words.has(word) && !HARMLESS.has(word))).toEqual([]);
  // No instant either: neither in ms nor as a date.
  expect(report).not.toMatch(/(?<![.\d])\d{12,}|\b20\d\d-/);
});

/** Of this program's own words those that activities use, too. */
const HARMLESS = new Set(["200", "none", "status", "true", "false", "null", "created", "total"]);

test("a token that is refused is an error with its remedy, after two requests", async () => {
  await expect(probeMock({ ...SMALL, tokens: ["another"] })).rejects.toMatchObject({
    code: "api_unauthorized",
    message: expect.stringMatching(/^tenant contoso: 401.*check the token/),
  });
});

test.each([4, 5, 6])(
  "a tenant that stops answering after %d requests is asked no more than twelve times",
  async (last) => {
    const stop = (tenant: MockTenant, number: number) => {
      if (number === last) tenant.change({ down: "refuse" });
    };
    const { found, requests } = await probeMock(SMALL, stop);
    expect(requests).toBe(REQUESTS_MAX);
    expect(found).toMatchObject({ complete: false, pageCeiling: expect.anything(), late: null });
    expect(found.troubles).toEqual({ "retry, status 503": REQUESTS_MAX - last });
  },
);

test("from the command line: a report, a profile, a mock tenant that plays it, and the same report of that", async () => {
  const options = { ...SMALL, nextFilters: "boundary", compress: true, requestLimit: null } as const;
  await using tenant = await startMockTenant(options);
  const dir = scratchDir("cli-probe");
  onTestFinished(() => discard(dir));
  writeFileSync(join(dir, "token"), "mock-token\n");
  const probe = async (url: string, name: string) => {
    const profile = join(dir, name);
    const flags = ["--token-file", join(dir, "token"), "--requests-per-minute", "60000", "--profile", profile];
    const { code, out } = await run(["probe", "--url", url, ...flags, "--output", "json"]);
    expect(code, out).toBe(0);
    // Before the report: what is waited for, on standard error.
    const report = JSON.parse(out.slice(out.indexOf("{\n"))) as { findings: Findings; profile: MockTenantOptions };
    expect(JSON.parse(readFileSync(profile, "utf8"))).toEqual({ version: 1, settings: report.profile });
    return { ...report, file: profile };
  };
  const first = await probe(tenant.url, "first.json");
  expect(first.profile).toMatchObject({ nextFilters: "boundary", compress: true, pageCeiling: 200 });
  await using played = await startMock(["--profile", first.file, "--request-limit", "100000"]);
  const second = await probe(played.url, "second.json");
  expect(kindsOf(second.findings)).toEqual(kindsOf(first.findings));
});
