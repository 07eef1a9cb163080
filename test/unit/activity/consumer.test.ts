import { expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../../src/activity/activity.ts";
import { embeddedDecoder } from "../../../src/activity/consumer.ts";
import { openEncoder } from "../../../src/activity/encode.ts";
import { activityOf, context } from "./samples.ts";

const encode = openEncoder({ schemaId: 7, raw: "omit", onMismatch: () => {} });
const value = encode(activityOf({ _id: "a", appName: "Box" }), context);
const decode = embeddedDecoder();

test("a record is decoded by the version that its header names, without a registry", () => {
  for (const version of [SCHEMA_VERSION, Buffer.from(SCHEMA_VERSION)]) {
    const { _id, appName, scan, raw } = decode({ value, headers: { "schema-version": version } });
    expect({ _id, appName, scan, raw }).toEqual({ _id: "a", appName: "Box", scan: context.scan, raw: null });
  }
});

test("a version that this package does not know is told, and what to do", () => {
  expect(() => decode({ value, headers: { "schema-version": "99" } })).toThrow(/version 99 .* update it, or decode/);
});

test("a record without the header is refused", () => {
  expect(() => decode({ value })).toThrow("no header schema-version");
  expect(() => decode({ value, headers: { "schema-version": [SCHEMA_VERSION] } })).toThrow("no header schema-version");
  expect(() => decode({ value: null, headers: { "schema-version": SCHEMA_VERSION } })).toThrow("without a value");
});
