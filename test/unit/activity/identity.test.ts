import { expect, test } from "vitest";
import { openEncoder } from "../../../src/activity/encode.ts";
import { readIdentity } from "../../../src/activity/identity.ts";
import { readActivity } from "../../../src/activity/read.ts";
import { Archive } from "../../../src/mock-tenant/archive.ts";
import { MOCK_TENANT_DEFAULTS } from "../../../src/mock-tenant/settings.ts";
import { activityText } from "../../../src/mock-tenant/text.ts";

const context = { scan: "all", tenant: "contoso", reader: "tail", readAtMs: 1 };
const encoder = (raw: "include" | "omit") => openEncoder({ schemaId: 7, raw, onMismatch: () => undefined });

test("of activities of every kind it reads the id, both times and the exact bytes", () => {
  const archive = new Archive({ ...MOCK_TENANT_DEFAULTS, backlog: 300 }, Date.UTC(2026, 10, 23));
  const encode = encoder("include");
  for (let index = 0; index < archive.count; index++) {
    const activity = readActivity(Buffer.from(activityText(archive, index, MOCK_TENANT_DEFAULTS)), 1 << 20);
    const { id, createdMs, dateMs } = activity;
    const { raw, ...read } = readIdentity(encode(activity, context));
    expect(read).toEqual({ id, createdMs, dateMs });
    expect(raw?.equals(activity.bytes)).toBe(true);
  }
});

test("a record without raw has no bytes, one without times has none", () => {
  const activity = readActivity(Buffer.from('{"_id":"a"}'), 1_000);
  const expected = { id: "a", createdMs: null, dateMs: null, raw: null };
  expect(readIdentity(encoder("omit")(activity, context))).toEqual(expected);
});

test("what is no record of ours is an error", () => {
  for (const value of ["", "x", "\u0000\u0000\u0000\u0000\u0007", "not avro at all"]) {
    expect(() => readIdentity(Buffer.from(value))).toThrow();
  }
});
