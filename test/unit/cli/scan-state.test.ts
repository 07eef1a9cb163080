import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { proveWritable, readState, removeState, writeState } from "../../../src/cli/scan-state.ts";
import { decodeOneShot } from "../../../src/scan/one-shot-state.ts";
import { play } from "../../fakes/one-shot-play.ts";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "scan-state-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

const asked = { "--since": "1h", "--out": "/data/x" };

async function state() {
  const { left } = await play({ kill: { page: 2, moment: "kept" } });
  return { ...decodeOneShot(Buffer.from(left.state ?? ""), "here"), asked };
}

test("a state is read as it was written, is nobody else's to read, and leaves nothing beside it", async () => {
  const dir = folder();
  const file = join(dir, "state");
  const written = await state();
  await writeState(file, written);
  await writeState(file, written);
  expect(readState(file, asked)).toEqual(written);
  expect(written.job.pass?.nextFilters).toMatch(/^\{"created":/);
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readdirSync(dir)).toEqual(["state"]);
  writeFileSync(`${file}.new`, "of somebody who was killed");
  await removeState(file);
  await removeState(file);
  expect(readdirSync(dir)).toEqual([]);
  expect(readState(file, asked)).toBeNull();
});

test("a state of another scan is refused, with each difference", async () => {
  const file = join(folder(), "state");
  await writeState(file, await state());
  expect(() => readState(file, { "--since": "2h", "--until": "now", "--out": "/data/x" })).toThrow(
    expect.objectContaining({
      code: "config_invalid",
      message: expect.stringMatching(/--since: was 1h, is 2h\n {2}--until: was not given, is now$/),
    }),
  );
});

test.each([
  ["", "cursor_corrupt"],
  ["{}", "cursor_corrupt"],
  ['{"version":99}', "cursor_newer"],
])("%j is no state, and the message says what to remove", (text, code) => {
  const file = join(folder(), "state");
  writeFileSync(file, text);
  expect(() => readState(file, asked)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(/--resume .*state, remove it to begin anew/) }),
  );
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("ids that are cut off are seen", async () => {
  const file = join(folder(), "state");
  await writeState(file, await state());
  const json = JSON.parse(readFileSync(file, "utf8")) as { ids: { known: string } };
  writeFileSync(file, JSON.stringify({ ...json, ids: { ...json.ids, known: "AAAA" } }));
  expect(() => readState(file, asked)).toThrow(expect.objectContaining({ code: "cursor_corrupt" }));
});

test("where no state can be written is said before anything is asked, and by the way", async () => {
  const dir = folder();
  const nowhere = join(dir, "no", "state");
  const message = expect.stringMatching(/^--resume: cannot write .*no\/state: ENOENT/);
  await expect(proveWritable(nowhere)).rejects.toMatchObject({ code: "config_invalid", message });
  await expect(writeState(nowhere, await state())).rejects.toMatchObject({ code: "output_failed", message });
  await proveWritable(join(dir, "state"));
  expect(readdirSync(dir)).toEqual([]);
});
