import type { ScanState, SliceState } from "../observe/events.ts";
import type { Listed } from "./whereabouts.ts";

/** How much a state asks of a person; each tone has its shape, so that colour is never the only sign. */
export type Tone = "good" | "busy" | "quiet" | "warn" | "bad";

const TONES: Readonly<Record<ScanState, Tone>> = {
  idle: "good",
  reading: "busy",
  starting: "quiet",
  stopped: "quiet",
  paused: "quiet",
  throttled: "warn",
  retrying: "warn",
  suspect: "warn",
  unauthorized: "bad",
  blocked: "bad",
};

/** What another replica has asks nothing of who looks at this one. */
export const toneOf = ({ isHere, state }: Listed): Tone => (isHere ? TONES[state] : "quiet");

/** A scan's state in a word. */
export const wordOf = ({ isHere, state }: Listed): string => (isHere ? state : "not here");

/** What a slice's state means, in the order in which a slice goes through them. */
export const SLICE_WORDS: Readonly<Record<SliceState, string>> = {
  outside: "before the scan began",
  unread: "not read yet",
  reading: "being read",
  read: "read, later looks still owed",
  settled: "settled: nothing is owed any more",
};
