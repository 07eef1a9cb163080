import type { History } from "../observe/status.ts";
import { el } from "./dom.ts";
import { type Formats, utcOf } from "./formats.ts";
import type { Known } from "./overview.ts";
import type { Listed } from "./whereabouts.ts";

/** What the page shows now. */
export interface View {
  readonly status: Known & { readonly config: Readonly<Record<string, unknown>> };
  /** Of the chosen scan, or of all; null: it has not come yet. */
  readonly history: History | null;
  /** Null: all scans together. */
  readonly chosen: Listed | null;
  readonly nowMs: number;
  readonly formats: Formats;
}

/** A time in the chosen zone, and in UTC for whoever points at it. */
export function time(iso: string, { formats, nowMs }: Pick<View, "formats" | "nowMs">): HTMLElement {
  const epochMs = Date.parse(iso);
  return el("time", { datetime: iso, title: utcOf(epochMs) }, formats.moment(epochMs, nowMs));
}

/** Where nothing is known. */
export const NONE = "–";
