import { isoOf } from "../kit/iso.ts";
import type { Event } from "./events.ts";
import type { SilenceStatus } from "./status.ts";

type Silence = Extract<Event, { readonly type: "silence" }>;

/** Null: the scan shows something. */
export function silenceOf({ sinceMs, baselineMs, judged }: Silence): SilenceStatus | null {
  if (sinceMs === null) return null;
  return {
    since: isoOf(sinceMs),
    baselineSeconds: baselineMs / 1_000,
    provenAt: judged?.kind === "idle" ? isoOf(judged.atMs) : null,
    found: judged?.kind === "idle" ? judged.found : 0,
    suspectSince: judged?.kind === "suspect" ? isoOf(judged.sinceMs) : null,
  };
}
