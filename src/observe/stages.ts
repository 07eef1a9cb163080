import { type Event, LAST_STAGES } from "./events.ts";
import type { Line, Repeats } from "./repeats.ts";

const REMINDER_MS = 10_000;

interface Step {
  readonly stage: string;
  readonly sinceMs: number;
  remindAtMs: number;
}

/** Tells the steps of a start or stop, and those that last: ever more rarely, each once a minute at most. */
export class Stages {
  readonly #steps = new Map<string, Step>();
  readonly #write: (line: Line) => void;
  readonly #repeats: Repeats;

  constructor(write: (line: Line) => void, repeats: Repeats) {
    this.#write = write;
    this.#repeats = repeats;
  }

  enter({ subject, stage }: Extract<Event, { readonly type: "stage" }>, nowMs: number): void {
    const last = LAST_STAGES.has(stage);
    if (last) this.#steps.delete(subject);
    else if (this.#steps.get(subject)?.stage !== stage) {
      this.#steps.set(subject, { stage, sinceMs: nowMs, remindAtMs: nowMs + REMINDER_MS });
    }
    const level = levelOf(stage, last);
    const line = { level, event: "stage", message: `${subject}: ${stage}`, fields: { subject, stage } } as const;
    this.#repeats.offer(`stage ${subject} ${stage}`, line, nowMs);
  }

  tick(nowMs: number): void {
    for (const [subject, step] of this.#steps) {
      if (nowMs < step.remindAtMs) continue;
      const { stage, sinceMs } = step;
      step.remindAtMs = nowMs + (nowMs - sinceMs);
      const seconds = Math.round((nowMs - sinceMs) / 1_000);
      const message = `${subject}: still ${stage}, since ${seconds} s`;
      this.#write({ level: "info", event: "stage", message, fields: { subject, stage, seconds } });
    }
  }
}

/** A shard's last stage has an event, and so a line, of its own. */
function levelOf(stage: string, last: boolean): Line["level"] {
  if (stage.includes(": ")) return "warn";
  return last && stage !== "running" ? "debug" : "info";
}
