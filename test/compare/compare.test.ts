import { expect, test } from "vitest";
import { compared } from "./collectors.ts";

test("on the same tenant the connector loses and repeats nothing, and the others do; the same each time", async () => {
  const rows = await compared([0]);
  const ours = rows.find((row) => row.collector === "mdca-kafka-source");
  expect(ours).toMatchObject({ lost: 0, repeated: 0, published: ours?.activities });
  for (const row of rows) if (row !== ours) expect(row.lost, row.collector).toBeGreaterThan(0);
  expect(await compared([0])).toEqual(rows);
}, 120_000);
