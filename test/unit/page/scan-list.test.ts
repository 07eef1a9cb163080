import { expect, test } from "vitest";
import { type ListChoice, listScans, SORTABLE, startsDescending } from "../../../src/page/scan-list.ts";
import { scan } from "./known.ts";

const scans = [
  scan("b-mail", { lagSeconds: 10, published: 5, publishedLastMinute: 3 }),
  scan("a-all", { lagSeconds: null, tenant: "fabrikam", state: "blocked", openGaps: 2 }),
  scan("c-all", { lagSeconds: 600, published: 1, state: "throttled" }),
  scan("d-all", { lagSeconds: null, isHere: false, state: "blocked" }),
];

const listed = (choice: Partial<ListChoice>) =>
  listScans(scans, { find: "", attentionOnly: false, by: "lag", isDescending: true, ...choice }).map(
    ({ scan }) => scan[0],
  );

test("by lag a scan that was never caught up comes first, and one that is not here last", () => {
  expect(listed({})).toEqual(["a", "c", "b", "d"]);
  expect(listed({ isDescending: false })).toEqual(["d", "b", "c", "a"]);
});

test.each([
  ["scan", "abcd"],
  ["tenant", "bcda"],
  ["state", "acbd"],
  ["lastMinute", "bacd"],
  ["published", "bcad"],
  ["gaps", "abcd"],
] as const)("by %s, in its first direction", (by, order) => {
  expect(listed({ by, isDescending: startsDescending(by) }).join("")).toBe(order);
});

test("by need: failures, open gaps, then by whole minutes behind; reading or idle makes no difference", () => {
  const fleet = [
    scan("a", { lagSeconds: 59 }),
    scan("b", { lagSeconds: 1, state: "reading" }),
    scan("c", { lagSeconds: 60 }),
    scan("d", { lagSeconds: null }),
    scan("e", { openGaps: 1 }),
    scan("f", { state: "unauthorized" }),
    scan("g", { isHere: false, state: "blocked" }),
  ];
  const choice = { find: "", attentionOnly: false, by: "state", isDescending: false } as const;
  expect(listScans(fleet, choice).map(({ scan }) => scan)).toEqual([..."fedcabg"]);
});

test("every column that sorts is tried above", () => expect(SORTABLE).toHaveLength(7));

test("what is looked for may stand in the scan's name or its tenant's, in any order and case", () => {
  expect(listed({ find: "all CONTOSO" })).toEqual(["c", "d"]);
  expect(listed({ find: "fabri" })).toEqual(["a"]);
  expect(listed({ find: "nothing" })).toEqual([]);
  expect(listed({ attentionOnly: true })).toEqual(["a"]);
});
