import type { Clock } from "../kit/clock.ts";
import type { StepName, TracedPage, TracedStep, TracePage } from "../observe/trace.ts";
import type { Answer, TakeActivity } from "../tenant/answer.ts";
import type { Page } from "./page.ts";

/** What is known of a page before it is asked for. */
export type PageAsked = Pick<TracedPage, "tenant" | "scan" | "reader" | "page" | "limit">;

/** Null when nobody traces: then nothing is timed. */
export function openPageTrace(deps: { readonly clock: Clock; readonly trace?: TracePage }, asked: PageAsked) {
  return deps.trace === undefined ? null : new PageTrace(asked, deps.clock, deps.trace);
}

/** Times the steps of one page, and tells of them when it ends. */
export class PageTrace {
  readonly #asked: PageAsked;
  readonly #clock: Clock;
  readonly #trace: TracePage;
  /** Epoch ms at a reading of 0 of the monotonic clock: jumps of the wall clock do not show within a page. */
  readonly #epochMs: number;
  readonly #startMs: number;
  readonly #steps: TracedStep[] = [];
  #encode: { startMs: number; endMs: number; busyMs: number } | null = null;
  #answer: Answer | null = null;
  #page: Page | null = null;
  #failure: string | null = "stopped before it was published";

  constructor(asked: PageAsked, clock: Clock, trace: TracePage) {
    this.#asked = asked;
    this.#clock = clock;
    this.#trace = trace;
    this.#epochMs = clock.nowMs() - clock.monotonicMs();
    this.#startMs = this.#nowMs();
  }

  /** `take`, with the time that it takes. */
  timed(take: TakeActivity): TakeActivity {
    return (activity) => {
      const startMs = this.#nowMs();
      const goesOn = take(activity);
      const endMs = this.#nowMs();
      this.#encode ??= { startMs, endMs, busyMs: 0 };
      this.#encode.endMs = endMs;
      this.#encode.busyMs += endMs - startMs;
      return goesOn;
    };
  }

  /**
   * @param answer null: there was nothing to ask with.
   * @param page null: nothing of it was to be published.
   */
  answered(answer: Answer | null, page: Page | null): void {
    const endMs = this.#nowMs();
    this.#answer = answer;
    this.#page = page;
    if (answer === null) this.failed("no credentials to ask with");
    else if (answer.verdict.kind === "throttled") this.failed(`to wait ${answer.verdict.waitMs} ms`);
    else if (answer.verdict.kind !== "page") this.failed(answer.verdict.reason);
    const headersMs = answer === null || answer.status === null ? endMs : Math.min(answer.readAtMs, endMs);
    this.#step("fetch", this.#startMs, Math.max(this.#startMs, headersMs));
    if (answer === null || answer.bodyBytes === 0) return;
    this.#step("cut", Math.max(this.#startMs, headersMs), endMs);
    if (this.#encode !== null) this.#step("encode", this.#encode.startMs, this.#encode.endMs, this.#encode.busyMs);
  }

  /** What `commit` does is a step. */
  async transaction<T>(commit: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    try {
      return await commit();
    } finally {
      this.#step("transaction", startMs, this.#nowMs());
    }
  }

  failed(reason: string): void {
    this.#failure = reason;
  }

  succeeded(): void {
    this.#failure = null;
  }

  end(): void {
    const answer = this.#answer;
    const { read = 0, published = 0, deadLettered = 0 } = this.#failure === null ? (this.#page?.counts ?? {}) : {};
    this.#trace({
      ...this.#asked,
      startMs: this.#startMs,
      endMs: this.#nowMs(),
      steps: this.#steps,
      verdict: answer?.verdict.kind ?? null,
      status: answer?.status ?? null,
      failure: this.#failure,
      read,
      published,
      deadLettered,
      bodyBytes: answer?.bodyBytes ?? 0,
    });
  }

  #step(name: StepName, startMs: number, endMs: number, busyMs: number | null = null): void {
    this.#steps.push({ name, startMs, endMs, busyMs });
  }

  #nowMs(): number {
    return this.#epochMs + this.#clock.monotonicMs();
  }
}
