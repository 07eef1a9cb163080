import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { completionsOf } from "../../../src/cli/completion.ts";

test("after --filter come the API's filters with their operators, and no times", () => {
  const offered = completionsOf(["scan", "-c", "mdca.yaml", "--filter", "ser"]);
  expect(offered).toContain("service.eq=");
  expect(offered).toContain("location.country.isset=");
  expect(offered?.some((name) => /^(created|date)\./.test(name))).toBe(false);
});

test.each([
  [["run", "--config", ""]],
  [["scan", "--filters-file", "f"]],
  [["scan", "--out", ""]],
  [["scan", "-o", "x.avro", "--resume", ""]],
  [["mock-tenant", "--profile", "c"]],
])("where a file is due nothing is offered, so that the shell offers its own: %j", (words) => {
  expect(completionsOf(words)).toEqual([]);
});

test("all else is yargs' own", () => {
  expect(completionsOf(["sca"])).toBeNull();
  expect(completionsOf(["status", "--output", "j"])).toBeNull();
  expect(completionsOf([])).toBeNull();
});

test("names of scans and tenants are the configuration's; none where it has errors or there is none", () => {
  const dir = mkdtempSync(join(tmpdir(), "completion-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "mdca.yaml");
  const tenant = (name: string) => `  ${name}: { apiUrl: "https://${name}.example", auth: { token: t } }\n`;
  writeFileSync(file, `tenants:\n${tenant("contoso")}${tenant("fabrikam")}`);
  expect(completionsOf(["probe", "-c", file, "--tenant", ""])).toEqual(["contoso", "fabrikam"]);
  expect(completionsOf(["verify", "--config", file, "--scan", "c"])).toEqual(["contoso-all", "fabrikam-all"]);
  writeFileSync(file, "tenants: nonsense");
  expect(completionsOf(["probe", "-c", file, "--tenant", ""])).toEqual([]);
  expect(completionsOf(["probe", "--tenant", ""])).toEqual([]);
});
