import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readProfile, writeProfile } from "../../../src/cli/probe-profile.ts";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "profile-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test("a profile is read as it was written", () => {
  const file = join(folder(), "profile.json");
  const settings = { nextFilters: "opaque", pageCeiling: 250, faults: { duplicate: 1 } } as const;
  writeProfile(file, settings);
  expect(readProfile(file)).toEqual(settings);
});

test("a profile that others made says how the tenant behaves, and neither where it listens nor whom it lets in", () => {
  const file = join(folder(), "profile.json");
  const profile = (settings: unknown, version = 1) => writeFileSync(file, JSON.stringify({ version, settings }));
  expect(() => readProfile(file)).toThrow(/--profile: cannot read .*ENOENT/);
  profile({ host: "0.0.0.0", tokens: ["t"], pageCeiling: 0 });
  expect(() => readProfile(file)).toThrow(
    /pageCeiling: found 0;(.*\n)*.*host: no profile's(.*\n)*.*tokens: no profile/,
  );
  for (const [settings, version] of [
    [{}, 2],
    [[], 1],
    [null, 1],
  ] as const) {
    profile(settings, version);
    expect(() => readProfile(file)).toThrow(/no profile of version 1/);
  }
  writeFileSync(file, "null");
  expect(() => readProfile(file)).toThrow(/no profile of version 1/);
});

test("a file that cannot be written is an error of the flag", () => {
  const file = join(folder(), "nowhere", "profile.json");
  expect(() => writeProfile(file, {})).toThrow(expect.objectContaining({ code: "config_invalid" }));
});
