import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Output, type OutputOptions } from "../../../src/cli/output.ts";

const never = new AbortController().signal;

function file(): string {
  const dir = mkdtempSync(join(tmpdir(), "output-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return join(dir, "out");
}

const open = (name: string, more: Partial<OutputOptions> = {}) =>
  Output.open({ file: name, head: Buffer.from("head|"), from: null, isKept: false, ...more });
const piece = (text: string | Buffer, activities = 1) => ({ bytes: Buffer.from(text), activities });
const read = (name: string) => readFileSync(name, "utf8");

test("pieces follow the head and each other", async () => {
  const name = file();
  const large = "x".repeat(600_000);
  await using output = await open(name);
  await output.write([piece("a", 2), piece(large)], never);
  await output.write([], never);
  await output.write([piece("c")], never);
  expect(read(name)).toBe(`head|a${large}c`);
  expect(output.activities).toBe(4);
});

test("a file that was there is replaced by the first piece, or at the end of a scan that found nothing", async () => {
  const name = file();
  writeFileSync(name, "old");
  await using output = await open(name);
  await output.write([], never);
  expect(read(name)).toBe("old");
  await output.begin();
  expect(read(name)).toBe("head|");
  await output.write([piece("new")], never);
  await output.begin();
  expect(read(name)).toBe("head|new");
});

test("a stop falls between pieces", async () => {
  const name = file();
  const stop = new AbortController();
  await using output = await open(name);
  const pieces = Array.from({ length: 100 }, (_, n) => piece(Buffer.alloc(50_000, String(n % 10))));
  const writing = output.write(pieces, stop.signal);
  setImmediate(() => stop.abort(new Error("stopped")));
  await expect(writing).rejects.toThrow("stopped");
  const { length } = read(name);
  expect((length - "head|".length) % 50_000).toBe(0);
  expect(output.activities).toBe((length - "head|".length) / 50_000);
  expect(output.activities).toBeLessThan(100);
});

test("a file that cannot be written is wrong usage, said before anything is asked", async () => {
  await expect(open("/nowhere/x")).rejects.toMatchObject({
    code: "config_invalid",
    message: "--out: cannot write /nowhere/x: ENOENT",
  });
});

test("what goes on is cut back to what is known of it", async () => {
  const name = file();
  const first = await open(name, { isKept: true });
  await first.write([piece("known|")], never);
  const from = await first.settled();
  await first.write([piece("torn")], never);
  await first[Symbol.asyncDispose]();
  expect(from).toEqual({ bytes: 11, endSha256: createHash("sha256").update("head|known|").digest("hex") });

  await using second = await open(name, { isKept: true, from });
  expect(read(name)).toBe("head|known|");
  await second.begin();
  await second.write([piece("more")], never);
  expect(read(name)).toBe("head|known|more");
  expect(second.activities).toBe(1);
  expect(await second.settled()).toMatchObject({ bytes: 15 });
});

test.each([
  ["shorter", "head|kno", /is not the file of 11 bytes/],
  ["another", "HEAD|known|and more", /is not the file of 11 bytes/],
  ["gone", null, /is gone; put it back/],
])("what goes on with a file that is %s is refused and changes nothing", async (_, text, message) => {
  const name = file();
  if (text !== null) writeFileSync(name, text);
  const from = { bytes: 11, endSha256: createHash("sha256").update("head|known|").digest("hex") };
  await expect(open(name, { isKept: true, from })).rejects.toThrow(message);
  if (text === null) expect(() => read(name)).toThrow();
  else expect(read(name)).toBe(text);
});

test("somebody else who writes to the same file is noticed", async () => {
  const name = file();
  await using output = await open(name, { isKept: true });
  await output.write([piece("a")], never);
  appendFileSync(name, "b");
  await expect(output.settled()).rejects.toThrow(/something else writes to it/);
});

test("what can be cut back is a file", async () => {
  await expect(open("/dev/null", { isKept: true })).rejects.toThrow(/--resume: \/dev\/null is no file/);
});

test("a full disk is an error that names the file", async () => {
  await using output = await open("/dev/full");
  await expect(output.write([piece("a")], never)).rejects.toMatchObject({
    code: "output_failed",
    message: expect.stringMatching(/cannot write to \/dev\/full: ENOSPC/),
  });
});
