import { expect, test } from "vitest";
import type { Page } from "../../../src/connector/page.ts";
import { pagePublished } from "../../../src/connector/page-published.ts";
import { simConfig } from "../../fakes/sim-connector.ts";
import { NOW_MS } from "./scene.ts";

test("delays are told of published activities that have the times, of no dead letter; how fresh publishing is, of the tail alone", () => {
  const fresh = [
    { deadLettered: false, createdMs: NOW_MS - 700, dateMs: NOW_MS - 1_000 },
    { deadLettered: false, createdMs: NOW_MS - 500, dateMs: null },
    { deadLettered: false, createdMs: null, dateMs: NOW_MS },
    { deadLettered: true, createdMs: NOW_MS - 9, dateMs: NOW_MS - 99 },
  ];
  const counts = { read: 7, published: 3, duplicates: 2, deadLettered: 1, outsideMemory: 1 };
  const page = { fresh, counts, late: 2, bytes: 40 } as unknown as Page;
  const [scan] = simConfig().scans;
  expect(pagePublished(scan!, "tail", page, NOW_MS)).toEqual({
    type: "page_published",
    tenant: "contoso",
    scan: "contoso-all",
    reader: "tail",
    ...counts,
    late: 2,
    bytes: 40,
    ingestionDelaysMs: [300],
    publishLatenciesMs: [700, 500],
  });
  const ofLookback = pagePublished(scan!, "lookback_2m", page, NOW_MS);
  expect(ofLookback).toMatchObject({ reader: "lookback_2m", ingestionDelaysMs: [300], publishLatenciesMs: [] });
});
