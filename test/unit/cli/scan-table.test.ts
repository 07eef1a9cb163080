import { expect, test } from "vitest";
import { TABLE_HEAD, tableRow } from "../../../src/cli/scan-table.ts";
import { activityOf } from "../activity/samples.ts";

const row = (json: object | string) => tableRow(activityOf(json))?.toString();

test("an activity is a row under the head: when, where, who, from where, what, its id", () => {
  const shown = row({
    _id: "97134000_15600_a",
    timestamp: Date.parse("2026-11-23T10:00:00.500Z"),
    appName: "Microsoft OneDrive for Business",
    user: { userName: "ada@contoso.example" },
    device: { clientIP: "192.0.2.7" },
    location: { countryCode: "IL" },
    description: "FilePreviewed",
  });
  expect(`${TABLE_HEAD}${shown}`.split("\n").map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
    "HAPPENED | APP | USER | IP ADDRESS | FROM | ACTIVITY | ID",
    "2026-11-23T10:00:00Z | Microsoft OneDrive for … | ada@contoso.example | 192.0.2.7 | IL | FilePreviewed | 97134000_15600_a",
  ]);
});

test("columns stand under each other, whatever they hold", () => {
  const at = (text: string | undefined) => text?.indexOf("the-id");
  const place = at(row({ _id: "the-id" }));
  expect(place).toBe(TABLE_HEAD.indexOf("ID\n"));
  expect(at(row({ _id: "the-id", description: "x".repeat(500), appName: 5, user: [] }))).toBe(place);
});

test("a failed login has its user, and an event without a description its kind", () => {
  expect(row({ _id: "a", failedUserData: { userName: "eve" }, eventTypeName: "EVENT_CATEGORY_FAILED_LOGIN" })).toMatch(
    / eve .* EVENT_CATEGORY_FAILED_LOGIN /,
  );
});

test("nothing that a terminal would obey gets through", () => {
  const shown = row({ _id: "a\u001b]0;b", description: "x\u001b[31m\r\ny\u202e\u0085z" });
  expect(shown).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(shown).toContain("x [31m y z");
});

test("what is no JSON object is no row", () => {
  expect(row("[1]")).toBeUndefined();
  expect(row("nonsense")).toBeUndefined();
});
