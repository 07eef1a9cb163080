import { createHash } from "node:crypto";
import { type Archive, at } from "./archive.ts";
import { type Conditions, shows } from "./filters.ts";
import type { LargeShare } from "./text.ts";
import { activityText } from "./text.ts";

/** What a perfect reader knows of one activity. */
export interface TruthRow {
  readonly id: string;
  /** Hexadecimal SHA-256 of the activity's UTF-8 bytes as pages hold them. */
  readonly sha256: string;
  readonly created: number;
  readonly timestamp: number;
}

/** Every activity that queries with these conditions show at `nowMs`, by ascending `created`. */
export function* truthRows(
  archive: Archive,
  conditions: Conditions,
  nowMs: number,
  large: LargeShare,
): Generator<TruthRow, void, void> {
  const { count } = archive;
  for (let index = 0; index < count; index++) {
    if (!shows(archive, index, conditions, nowMs)) continue;
    yield {
      id: archive.idOf(index),
      sha256: createHash("sha256")
        .update(activityText(archive, index, large))
        .digest("hex"),
      created: at(archive.created, index),
      timestamp: at(archive.timestamp, index),
    };
  }
}
