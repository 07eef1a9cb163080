import { expect, test } from "vitest";
import { readFilters } from "../../../src/cli/scan-filters.ts";

const read = (flags: string[], text: string | null = null) =>
  readFilters({ flags, file: text === null ? null : { name: "f.json", text }, cursorField: "auto" });

test("a flag is a field, which may have dots, an operator and a value", () => {
  const { filters } = read(["service.eq=20893", "user.username.startswith=jo=hn", "activity.impersonated.eq=true"]);
  expect({ ...filters }).toEqual({
    service: { eq: [20893] },
    "user.username": { startswith: "jo=hn" },
    "activity.impersonated": { eq: true },
  });
});

test("a repeated operator collects its values, with those of the file", () => {
  const { filters } = read(["service.eq=2", "service.eq=[3,4]"], '{"service":{"eq":[1]},"ip.address":{"eq":["::1"]}}');
  expect({ ...filters }).toEqual({ service: { eq: [1, 2, 3, 4] }, "ip.address": { eq: ["::1"] } });
});

test("a number that would lose digits stays text", () => {
  expect({ ...read(["activity.id.eq=97134000_15463", "service.eq=12345678901234567890"]).filters }).toEqual({
    "activity.id": { eq: ["97134000_15463"] },
    service: { eq: ["12345678901234567890"] },
  });
});

test.each([
  ["service=5", /field\.operator=value/],
  ["service.eq", /field\.operator=value/],
  [".eq=5", /field\.operator=value/],
  ["servce.eq=5", /servce: unknown filter; did you mean "service"/],
  ["service.eqq=5", /service\.eqq: unknown operator; did you mean "eq"/],
  ["date.gte_ndays=1", /--since and --until/],
  ["created.gte=5", /--since and --until/],
  ["__proto__.eq=5", /__proto__: unknown filter/],
])("%s is refused with what is allowed", (flag, message) => {
  expect(() => read([flag])).toThrow(
    expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(message) }),
  );
});

test("relative dates are refused where the date is not the cursor field either", () => {
  const sources = { flags: ["date.gte_ndays=1"], file: null, cursorField: "created" as const };
  expect(() => readFilters(sources)).toThrow(/relative to each request/);
});

test("every problem of flags and file is told at once", () => {
  expect(() => read(["x", "text.text=a", "text.text=b"], '{"service":5,"nonsense":{"eq":1}}')).toThrow(
    /--filter x[\s\S]*given twice[\s\S]*nonsense: unknown filter/,
  );
  expect(() => read([], "{oops")).toThrow(/f\.json: not JSON/);
  expect(() => read([], "[1]")).toThrow(/must hold an object/);
  expect(() => read([], '{"service":5}')).toThrow(/service must hold operators/);
});

test("an operator that is merely undocumented for its field is a warning", () => {
  expect(read(["service.startswith=5"]).warnings).toEqual([
    expect.stringMatching(/service\.startswith: not documented/),
  ]);
});
