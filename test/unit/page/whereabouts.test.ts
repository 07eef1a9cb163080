import { expect, test } from "vitest";
import { toneOf, wordOf } from "../../../src/page/tones.ts";
import { withWhereabouts } from "../../../src/page/whereabouts.ts";
import { AT, known, scan } from "./known.ts";

const transactions = { committed: 0, failed: 0, fenced: 0 };
const shard = (number: number, owned: boolean, ...tenants: string[]) => {
  return { shard: number, owned, tenants, since: AT, transactions, lastError: null };
};

test("a scan is here while its tenant's shard is owned", () => {
  const scans = [scan("a"), scan("b", { tenant: "fabrikam", state: "stopped" }), scan("c", { tenant: "northwind" })];
  const shards = [shard(1, true, "contoso"), shard(2, false, "fabrikam")];
  const listed = withWhereabouts(known(scans, { shards }));
  expect(listed.map(({ isHere }) => isHere)).toEqual([true, false, false]);
  expect(listed.map(wordOf)).toEqual(["idle", "not here", "not here"]);
  expect(listed.map(toneOf)).toEqual(["good", "quiet", "quiet"]);
});
