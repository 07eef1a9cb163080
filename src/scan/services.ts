import type { Boundary } from "./bounds.ts";
import type { PageFacts } from "./fold.ts";
import { type Fold, goBeyond, going, passBy, type Reader, type Shown } from "./outcome.ts";
import type { Ask, Pass } from "./pass.ts";

/** More services than these on one instant, and the rest are asked for together. */
const SERVICES_MAX = 20;

/**
 * An instant that holds more than a page can show is read service by service: each that was seen there, and then
 * all others, disjoint. Where that cannot be, it is passed by with a gap.
 */
export function splitByService<R extends Reader>(
  reader: R,
  ask: Ask,
  where: { readonly pass: Pass; readonly at: Boundary },
  facts: Shown & Partial<Pick<PageFacts, "services">>,
): Fold<R> {
  const { pass, at } = where;
  const seen = [...(facts.services ?? [])].sort((a, b) => a - b).slice(0, SERVICES_MAX);
  if (seen.length === 0 || pass.parts !== null) return passBy(reader, ask, where, facts);
  const todo = [...seen.map((service) => ({ eq: [service] })), { neq: seen }];
  const parts = { ...at, todo, missed: false };
  return going(reader, { ...pass, parts, nextFilters: null, sent: [], repeats: 0, nudged: false });
}

/**
 * A part that holds more than a page can show: services that are seen in the part of all others become parts of
 * their own; one service's alone cannot be split, and is missed.
 */
export function partStalled<R extends Reader>(
  reader: R,
  ask: Ask,
  pass: Pass,
  facts: Shown & Pick<PageFacts, "services">,
): Fold<R> {
  const { parts } = pass;
  const [part, ...rest] = parts?.todo ?? [];
  if (parts === null || part === undefined || !("neq" in part)) return nextPart(reader, ask, pass, facts, false);
  const fresh = facts.services.filter((service) => !part.neq.includes(service));
  const seen = [...part.neq, ...fresh];
  if (fresh.length === 0 || seen.length > SERVICES_MAX) return nextPart(reader, ask, pass, facts, false);
  const todo = [...fresh.map((service) => ({ eq: [service] })), { neq: seen }, ...rest];
  return going(reader, { ...pass, parts: { ...parts, todo }, nextFilters: null, sent: [], repeats: 0 });
}

/** After a part: the next one, or, when all are read, what lies beyond the instant. */
export function nextPart<R extends Reader>(reader: R, ask: Ask, pass: Pass, facts: Shown, isRead: boolean): Fold<R> {
  const { parts } = pass;
  if (parts === null) throw new Error("invariant broken: a pass that is in no part has no next one");
  const todo = parts.todo.slice(1);
  const missed = parts.missed || !isRead;
  const clean = { ...pass, nextFilters: null, sent: [], repeats: 0, nudged: false };
  if (todo.length > 0) return going(reader, { ...clean, parts: { ...parts, todo, missed } });
  const where = { pass: { ...clean, parts: null }, at: parts };
  return missed ? passBy(reader, ask, where, facts) : goBeyond(reader, ask, where, facts);
}
