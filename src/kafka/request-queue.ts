import { createRequire } from "node:module";
import { assert } from "../kit/errors.ts";

/** The part of kafkajs's request queue (one a connection) that is looked at here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

let corrected = false;

/**
 * kafkajs 2.2.4 sets a timer after every response, even when nothing waits, for the moment `-1 - now`: Node 24
 * warns about it (TimeoutNegativeWarning), and as the timer sets the next one, every open connection turns a
 * thousand times a second for nothing. A queue that is empty needs no check: the next request that has to wait
 * asks for one itself. Applied once, to kafkajs's own class; no global is touched.
 */
export function correctRequestQueue(): void {
  if (corrected) return;
  corrected = true;
  const loaded: { prototype?: RequestQueue } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue");
  const prototype = loaded.prototype;
  assert(
    typeof prototype?.scheduleCheckPendingRequests === "function",
    "kafkajs is the version that is corrected here",
  );
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
