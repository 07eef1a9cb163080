import { expect } from "vitest";
import { type Command, commandKey, decodeHistory, encodeCommand, historyKey } from "../../../src/scan/command.ts";
import type { Wish } from "../../fakes/give-command.ts";
import { MINUTE_MS, NOW_MS, Scene, type SceneOptions } from "./scene.ts";

/** From now on, with one lookback after two minutes. */
export const LOOKBACKS = {
  cursorField: "created" as const,
  lookbacksMs: [2 * MINUTE_MS],
  start: { kind: "now" as const },
};
const never = new AbortController().signal;

/** A scene whose connector takes commands. */
export class Commanded {
  readonly scene: Scene;
  readonly #port;
  #count = 0;

  constructor(options: SceneOptions) {
    this.scene = new Scene(options);
    this.#port = this.scene.cluster.process().port;
  }

  /** Sends a command, and tells what became of it. */
  async command(wish: Wish, scan = "contoso-all"): Promise<{ outcome: string; message: string }> {
    const id = `c${++this.#count}`;
    const head = { version: 2, id, at: new Date(NOW_MS).toISOString(), by: "test", scan } as const;
    const command: Command = { ...wish, ...head };
    await this.send(commandKey(id), encodeCommand(command));
    return this.history(id);
  }

  async send(key: string, value: string): Promise<void> {
    await this.#port.sendCommand(this.#port.shardOf("contoso"), key, value, never);
    await this.scene.pass(5_000);
  }

  /** As a hand would that has taken the shard over. */
  async overwrite(key: string, value: string): Promise<void> {
    await using log = this.#port.shard(this.#port.shardOf("contoso"));
    await log.open(never);
    await log.commit({ state: [{ key, value }], records: [] }, never);
  }

  async history(id: string): Promise<{ outcome: string; message: string }> {
    const { state } = await this.#port.readState(this.#port.shardOf("contoso"), never);
    expect(state.has(commandKey(id))).toBe(false);
    const decoded = decodeHistory(state.get(historyKey(id)) ?? Buffer.alloc(0));
    if (decoded.kind !== "read") throw new Error(decoded.reason);
    return decoded.value;
  }
}

/** A backfill of a stretch, the newest first. */
export const backfill = (fromMs: number, untilMs: number): Wish => ({
  action: "backfill_add",
  fromMs,
  untilMs,
  order: "desc",
  mayRepeat: false,
});
