import { readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { ConnectorError, configInvalid, describeError, type ErrorCode } from "../kit/errors.ts";
import { decodeOneShot, encodeOneShot, type OneShotState } from "../scan/one-shot-state.ts";

/** What a scan is asked for, by the names of its flags. */
export type AskedFor = OneShotState["asked"];

/**
 * The state that a scan is to go on from; null: there is none, and it begins.
 * @throws ConnectorError `config_invalid` when it cannot be read, or is another scan's, naming each difference;
 *   `cursor_corrupt`, `cursor_newer`.
 */
export function readState(file: string, asked: AskedFor): OneShotState | null {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw configInvalid(`--resume: cannot read ${file}: ${describeError(error)}`);
  }
  const state = decodeOneShot(text, `--resume ${file}, remove it to begin anew`);
  const names = [...new Set([...Object.keys(state.asked), ...Object.keys(asked)])];
  const others = names
    .filter((name) => state.asked[name] !== asked[name])
    .map((name) => `  ${name}: was ${state.asked[name] ?? "not given"}, is ${asked[name] ?? "not given"}`);
  if (others.length === 0) return state;
  throw configInvalid(
    [`--resume: ${file} is of a scan with other flags; give the same ones, or remove it to begin anew`, ...others].join(
      "\n",
    ),
  );
}

/**
 * Replaces the state file whole: whoever is killed leaves the one before or this one.
 * @throws ConnectorError `output_failed` when it cannot be written.
 */
export async function writeState(file: string, state: OneShotState): Promise<void> {
  await writing(file, "output_failed", async (beside) => {
    const handle = await open(beside, "w", 0o600);
    try {
      await handle.writeFile(encodeOneShot(state));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  });
}

/** Whether a state can be written there is known before anything is asked. @throws ConnectorError `config_invalid` */
export async function proveWritable(file: string): Promise<void> {
  await writing(file, "config_invalid", async (beside) => {
    await (await open(beside, "w", 0o600)).close();
    await rm(beside);
  });
}

async function writing(file: string, code: ErrorCode, write: (beside: string) => Promise<void>): Promise<void> {
  try {
    await write(besideOf(file));
  } catch (error) {
    const message = `--resume: cannot write ${file}: ${describeError(error)}`;
    throw new ConnectorError(code, message, { disposition: "fatal" });
  }
}

/** The scan is complete: there is nothing to go on with. */
export async function removeState(file: string): Promise<void> {
  for (const each of [file, besideOf(file)]) await rm(each, { force: true });
}

/** Becomes the state file once it is whole; left over where somebody was killed before that. */
const besideOf = (file: string): string => `${file}.new`;
