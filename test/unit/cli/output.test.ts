import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Output } from "../../../src/cli/output.ts";

const never = new AbortController().signal;

function file(): string {
  const dir = mkdtempSync(join(tmpdir(), "output-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return join(dir, "out.ndjson");
}

test("lines of several pages follow each other, larger than a chunk or not", async () => {
  const name = file();
  const large = Buffer.alloc(600_000, "x");
  await using output = await Output.open(name);
  await output.write([Buffer.from("a"), large, Buffer.from("b")], never);
  await output.write([], never);
  await output.write([Buffer.from("c")], never);
  expect(readFileSync(name, "utf8")).toBe(`a\n${large}\nb\nc\n`);
  expect(output.lines).toBe(4);
});

test("a file that was there is replaced by the first line, or at the end of a scan that found nothing", async () => {
  const name = file();
  writeFileSync(name, "old\n");
  await using output = await Output.open(name);
  await output.write([], never);
  expect(readFileSync(name, "utf8")).toBe("old\n");
  await output.begin();
  expect(readFileSync(name, "utf8")).toBe("");
  await output.write([Buffer.from("new")], never);
  await output.begin();
  expect(readFileSync(name, "utf8")).toBe("new\n");
});

test("a stop falls between lines", async () => {
  const name = file();
  const stop = new AbortController();
  await using output = await Output.open(name);
  const lines = Array.from({ length: 100 }, (_, n) => Buffer.alloc(50_000, String(n % 10)));
  const writing = output.write(lines, stop.signal);
  setImmediate(() => stop.abort(new Error("stopped")));
  await expect(writing).rejects.toThrow("stopped");
  const written = readFileSync(name, "utf8");
  expect(written === "" || written.endsWith("\n")).toBe(true);
  expect(written.split("\n").length - 1).toBe(output.lines);
  expect(output.lines).toBeLessThan(100);
});

test("a file that cannot be written is wrong usage, said before anything is asked", async () => {
  await expect(Output.open("/nowhere/x")).rejects.toMatchObject({
    code: "config_invalid",
    message: "--output: cannot write /nowhere/x: ENOENT",
  });
});
