import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Archive } from "../../../src/mock-tenant/archive.ts";
import { KINDS } from "../../../src/mock-tenant/kinds.ts";
import { PEOPLE, PLACES } from "../../../src/mock-tenant/people.ts";
import { MOCK_TENANT_DEFAULTS, type MockTenantSettings, STORIES } from "../../../src/mock-tenant/settings.ts";
import type { StoryRow } from "../../../src/mock-tenant/stories.ts";
import { impossibleTravels, inSeveralCountries, massDownloads, passwordSprays, type Seen } from "./detectors.ts";
import { type Activity, handClock, START_MS, tenant } from "./fixture.ts";

/** Where tens of thousands of activities are looked at, their columns are read instead of their texts. */
function seenIn(archive: Archive): Seen[] {
  return Array.from({ length: archive.count }, (_, index) => {
    const { ip, countryCode: country, latitude, longitude } = PLACES[archive.place[index]!]!;
    return {
      get id() {
        return archive.idOf(index);
      },
      timestamp: archive.timestamp[index]!,
      category: KINDS[archive.kind[index]!]!.eventTypeName,
      user: PEOPLE[archive.person[index]!]!.userName,
      ...{ ip, country, latitude, longitude },
    };
  });
}

interface Told extends Activity {
  readonly eventTypeName: string;
  readonly user: { readonly userName?: unknown };
  readonly failedUserData?: { readonly userName: string };
  readonly location: { readonly countryCode: string; readonly latitude: number; readonly longitude: number };
  readonly device: { readonly clientIP: string };
  readonly mainInfo: { readonly rawOperationName: string; readonly activityResult?: { readonly isSuccess: boolean } };
}

function seenIs(activity: Told): Seen {
  // A failed login names its user elsewhere, and at times in another form; `schemas/activity.avsc` makes one of all.
  const { userName } = activity.failedUserData ?? activity.user;
  return {
    id: activity._id,
    timestamp: activity.timestamp,
    category: activity.eventTypeName,
    user: typeof userName === "string" ? userName : null,
    ip: activity.device.clientIP,
    country: activity.location.countryCode,
    latitude: activity.location.latitude,
    longitude: activity.location.longitude,
  };
}

/** Every detector finds its own story, and nothing else. */
function expectExactly(seen: readonly Seen[], rows: readonly StoryRow[]): void {
  const [thief, traveller, sprayer] = STORIES.map((name) => rows.find(({ story }) => story === name));
  const floods = massDownloads(seen, 50);
  expect([...floods.keys()]).toEqual(thief?.users ?? []);
  for (const id of thief?.ids ?? []) expect(floods.get(thief?.users[0] ?? "")).toContain(id);
  const travels = traveller === undefined ? [] : [{ user: traveller.users[0], ids: traveller.ids }];
  expect(impossibleTravels(seen)).toEqual(travels);
  expect(inSeveralCountries(seen)).toEqual(traveller?.users ?? []);
  const sprays =
    sprayer === undefined ? [] : [{ ip: sprayer.ips[0], users: new Set(sprayer.users), id: sprayer.ids.at(-1) }];
  expect(passwordSprays(seen, 5)).toEqual(sprays);
}

describe("stories", () => {
  const crowd = fc.record({
    seed: fc.nat(),
    stories: fc.subarray([...STORIES]),
    rate: fc.constantFrom(0, 3, 20),
    backlog: fc.constantFrom(0, 2_000, 10_000),
    backlogSpanMs: fc.constantFrom(60_000, 3_600_000),
    storyAfterMs: fc.integer({ min: 0, max: 60_000 }),
    storySpanMs: fc.integer({ min: 1_000, max: 600_000 }),
    savingDelayMaxMs: fc.constantFrom(170_000, 340_000, 900_000),
    slowSavingShare: fc.constantFrom(0, 0.2),
    tieShare: fc.constantFrom(0, 0.3),
  });

  /** So many that without habits everybody would download over 50 files a minute. */
  const busy = {
    seed: 1,
    stories: [...STORIES],
    rate: 0,
    backlog: 60_000,
    backlogSpanMs: 60_000,
    storyAfterMs: 0,
    storySpanMs: 300_000,
    savingDelayMaxMs: 340_000,
    slowSavingShare: 0,
    tieShare: 0,
  };

  test("detectors find exactly what is planted, whatever the traffic", () => {
    fc.assert(
      fc.property(crowd, (options) => {
        const settings: MockTenantSettings = { ...MOCK_TENANT_DEFAULTS, ...options, slowSavingMaxMs: 900_000 };
        const archive = new Archive(settings, START_MS);
        archive.advance(START_MS, settings);
        archive.advance(START_MS + 1_700_000, settings); // Everything has been saved by then.
        const rows = archive.stories();
        expect(rows.map(({ story }) => story)).toEqual([...settings.stories].sort());
        for (const { ids, activities, from, to } of rows) {
          expect(ids).toHaveLength(activities);
          expect(to - from).toBeLessThanOrEqual(600_000);
        }
        const created = archive.created.subarray(0, archive.count);
        expect(created.every((at, index) => index === 0 || at >= created[index - 1]!)).toBe(true);
        expectExactly(seenIn(archive), rows);
      }),
      { numRuns: 10, examples: [[busy]] },
    );
  });

  test("are the same whether asked often or once, and begin after the time set", () => {
    const settings = { ...MOCK_TENANT_DEFAULTS, stories: STORIES, rate: 7, storyAfterMs: 45_000 };
    const [often, once] = [new Archive(settings, START_MS), new Archive(settings, START_MS)];
    often.advance(START_MS, settings);
    once.advance(START_MS, settings);
    for (let ms = 0; ms <= 900_000; ms += 777) {
      often.advance(START_MS + ms, settings);
      if (ms < 45_000) expect(often.stories().flatMap(({ ids }) => ids)).toEqual([]);
    }
    often.advance(START_MS + 900_000, settings);
    once.advance(START_MS + 900_000, settings);
    expect(often.stories()).toEqual(once.stories());
    expect(often.stories().map(({ activities }) => activities)).toEqual([300, 2, 32]);
    expect(often.created.subarray(0, often.count)).toEqual(once.created.subarray(0, once.count));
  });

  test("come as the API's own activities, over the API, in /_truth and in /_story", async () => {
    const clock = handClock();
    await using mock = await tenant({ stories: [...STORIES], rate: 2 }, { clock });
    clock.advance(20 * 60_000);
    const data = (await mock.walk({ sortField: "created", sortDirection: "asc", limit: 500 })).flatMap(
      (page) => page.data as Told[],
    );
    const rows = (await (await fetch(`${mock.url}/_story`)).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as StoryRow);
    expect(rows).toEqual(mock.stories());
    expectExactly(data.map(seenIs), rows);
    const truth = new Set(mock.truth().map(({ id }) => id));
    const byId = new Map(data.map((activity) => [activity._id, activity]));
    const told = rows.map(({ ids }) => ids.map((id) => byId.get(id)!));
    expect(rows.flatMap(({ ids }) => ids).every((id) => truth.has(id))).toBe(true);
    const outcomes = told.map((activities) => activities.map(({ mainInfo }) => mainInfo.activityResult?.isSuccess));
    expect(outcomes[1]).toEqual([true, true]);
    expect(outcomes[2]).toEqual([...Array.from({ length: 31 }, () => false), true]);
    expect(new Set(told[0]?.map(({ mainInfo }) => mainInfo.rawOperationName))).toEqual(new Set(["FileDownloaded"]));
    expect(rows.map(({ from }) => from)).toEqual(told.map((all) => Math.min(...all.map((one) => one.timestamp))));
    expect(rows.map(({ to }) => to)).toEqual(told.map((all) => Math.max(...all.map((one) => one.timestamp))));
  });

  test("of other names, twice the same, or changed while it runs are refused", async () => {
    await expect(tenant({ stories: ["ransom" as never] })).rejects.toThrow(/stories: found \["ransom"\]; allowed is/);
    await expect(tenant({ stories: ["password-spray", "password-spray"] })).rejects.toThrow(/each at most once/);
    await using mock = await tenant({});
    expect(() => mock.change({ stories: ["exfiltration"] })).toThrow(/stories: fixed at the start/);
  });
});
