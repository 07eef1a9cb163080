import { isoOf } from "../kit/iso.ts";
import type { Event } from "./events.ts";

type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

/** What the comparison of an hour came to, and what to do about it; for people. */
export function sliceVerified({ scan, sliceMs, verdict, published, shown, reason }: Of<"slice_verified">): string {
  const hour = `the hour from ${isoOf(sliceMs)}`;
  if (verdict === "equal") return `${scan}: ${hour} holds ${published} as the API shows them`;
  if (verdict === "unjudged") return `${scan}: ${hour} could not be compared: ${reason}`;
  const sides = `${scan}: ${hour} differs: ${published} published, the API shows ${shown}`;
  const remedy = "`verify` over that hour names them, and with --repair publishes what was not";
  if (shown > published) return `${sides}: some were not published. ${remedy}`;
  if (shown === published) return `${sides}, but others. ${remedy}`;
  return (
    `${sides}: some are gone at the tenant (deleted, or past its retention). Whether others were not published ` +
    `cannot be told by counts. ${remedy}`
  );
}

/** How a verify job has ended, and where to look; for people. */
export function verifyDone({ scan, reader, equal, different, unjudged }: Of<"verify_done">): string {
  const more = different === 0 ? "" : ": `cursor show` lists those that differ";
  return `${scan}: ${reader} is done: hours equal ${equal}, different ${different}, not to be judged ${unjudged}${more}`;
}
