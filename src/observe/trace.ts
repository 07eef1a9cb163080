/** The steps of a page: asked and headers read, cut out of the body, encoded, committed. */
export type StepName = "fetch" | "cut" | "encode" | "transaction";

export interface TracedStep {
  readonly name: StepName;
  /** Epoch ms, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** Of these, how long it was really at work, where it took turns with another step. */
  readonly busyMs: number | null;
}

/** One request of a reader and what became of it. */
export interface TracedPage {
  readonly tenant: string;
  readonly scan: string;
  readonly reader: string;
  /** Of its pass, from 1. */
  readonly page: number;
  /** How many activities were asked for. */
  readonly limit: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly steps: readonly TracedStep[];
  /** What the answer was: `page`, `throttled`, …; null when none came. */
  readonly verdict: string | null;
  /** Of the response; null when none came. */
  readonly status: number | null;
  /** Null when the page was published, or held nothing to publish. */
  readonly failure: string | null;
  readonly read: number;
  readonly published: number;
  readonly deadLettered: number;
  /** Of the response's body. */
  readonly bodyBytes: number;
}

/** Takes each page as it ends; must not throw and must not wait. */
export type TracePage = (page: TracedPage) => void;
