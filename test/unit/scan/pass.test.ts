import { expect, test } from "vitest";
import { askedBounds, askOf, filtersName, firstFilters, isOwn, newPass, remember } from "../../../src/scan/pass.ts";
import { OVERLAP_MS } from "../../../src/scan/tail.ts";
import { ask, cursorAt, NOW_MS, passAt, QUERY } from "./cursors.ts";

test("a request asks for the scan's filters and the bounds on its field, ascending", () => {
  const { request } = ask(cursorAt({ pass: passAt({ untilMs: NOW_MS }) }));
  expect(JSON.parse(request.filters)).toEqual({
    service: { eq: [20893] },
    created: { gte: NOW_MS - OVERLAP_MS, lte: NOW_MS },
  });
  expect(request).toMatchObject({ sortField: "created", sortDirection: "asc", limit: 500 });
  expect(askOf(passAt(), "date", QUERY).request.sortField).toBe("date");
});

test("inside a pass the API's next filters are sent as they came", () => {
  const nextFilters = '{"cursor" : 12345678901234567890}';
  expect(ask(cursorAt({ pass: passAt({ nextFilters }) })).request.filters).toBe(nextFilters);
});

test("of a split pass the first part is asked", () => {
  expect(askedBounds(passAt({ fromMs: 1, untilMs: 9, splits: [7, 5] }))).toEqual({ fromMs: 1, untilMs: 5 });
});

test("a pass that reads newest first asks for descending order", () => {
  const pass = newPass({ fromMs: 1, untilMs: 9, direction: "desc" }, NOW_MS);
  expect(askOf(pass, "created", QUERY).request.sortDirection).toBe("desc");
});

test("a new pass proves what it was opened over, and has shown nothing yet", () => {
  expect(newPass({ fromMs: 1, untilMs: 9, direction: "asc" }, NOW_MS)).toMatchObject({
    fromMs: 1,
    untilMs: 9,
    baseMs: 1,
    reachMs: 9,
    serverStartMs: NOW_MS,
    pages: 0,
    highestMs: null,
    nextFilters: null,
  });
});

test("a pass's bounds take the place of the scan's own on the cursor field, and of no other", () => {
  const filters = { created: { gte: 5 }, date: { gte: 6 } };
  expect(firstFilters(filters, "created", { fromMs: 1, untilMs: null })).toEqual({
    created: { gte: 1 },
    date: { gte: 6 },
  });
});

test("a value is a pass's own within the bounds that it was opened over, wherever it stands now", () => {
  const pass = passAt({ baseMs: 10, reachMs: 20, fromMs: 15, untilMs: 21 });
  expect([9, 10, 14, 20, 21].map((valueMs) => isOwn(pass, valueMs))).toEqual([false, true, true, true, false]);
  expect(isOwn(passAt({ baseMs: 10, reachMs: null }), Number.MAX_SAFE_INTEGER)).toBe(true);
});

test("filters have one name whatever the order of their members; opaque texts have their own", () => {
  expect(filtersName('{"a":1,"b":{"c":2,"d":3}}')).toBe(filtersName('{ "b": {"d":3,"c":2}, "a": 1 }'));
  expect(filtersName('{"a":[1,2]}')).not.toBe(filtersName('{"a":[2,1]}'));
  expect(filtersName("opaque one")).not.toBe(filtersName("opaque two"));
});

test("a pass remembers the last 64 filters that it sent", () => {
  let pass = passAt();
  for (let n = 0; n < 70; n++) pass = remember(pass, `{"n":${n}}`);
  expect(pass.sent).toHaveLength(64);
  expect(pass.sent.at(-1)).toBe(filtersName('{"n":69}'));
});
