import { isoOf } from "../kit/iso.ts";
import { type Applied, placeTail, refused, setRead, skip, tooManyJobs } from "./applying.ts";
import type { Command } from "./command.ts";
import { forgottenHours, repeatsRefusal } from "./forgotten.ts";
import { applyImport } from "./import.ts";
import { isDone, type Job, jobName, newJob } from "./job.ts";
import { idsOf } from "./repair.ts";
import type { ScanDraft } from "./scan-draft.ts";
import type { ScanState } from "./state.ts";
import { tailFromMs } from "./tail.ts";

/** What a command means for a scan's state at the server's time. Nothing is changed here. */
export function applyCommand(command: Command, state: ScanState, serverNowMs: number): Applied {
  switch (command.action) {
    case "backfill_add":
      return addBackfill(command, state, serverNowMs);
    case "verify_add":
      return addVerify(command, state);
    case "repair_add":
      return addRepair(command, state);
    case "cursor_reset":
      return resetCursor(command, state, serverNowMs);
    case "cursor_import":
      return applyImport(command, state, serverNowMs);
    case "scan_pause":
      return pauseScan(command, state, serverNowMs);
    case "scan_resume":
      return resumeScan(state);
    default:
      return changeJob(command, state);
  }
}

/** Whether a command means the same at any time: so it need not wait until the server has told its own. */
export function isTimeless({ action }: Command): boolean {
  return action === "scan_pause" || action === "scan_resume" || action.startsWith("job_");
}

type Of<A extends Command["action"]> = Extract<Command, { readonly action: A }>;
type Range = Pick<Of<"backfill_add">, "fromMs" | "untilMs" | "order" | "mayRepeat">;

/** @param range `untilMs` excluded. */
function addBackfill(range: Range, state: ScanState, serverNowMs: number): Applied {
  const { order, mayRepeat } = range;
  const untilMs = Math.min(range.untilMs, Math.floor(serverNowMs));
  const stretch = `${isoOf(range.fromMs)} to ${isoOf(untilMs)}`;
  if (untilMs <= range.fromMs) return refused(`nothing to read from ${stretch}: it lies in the future`);
  const whole = { fromMs: range.fromMs, untilMs: untilMs - 1 };
  const name = jobName({ origin: "backfill", ageMs: null, whole });
  const full = noRoom(name, state);
  if (full !== null) return full;
  const ledgers = state.slices.ledgers.map(([sliceMs, { remembered }]) => ({ sliceMs, remembered }));
  const forgotten = forgottenHours({ ledgers, folded: state.cursor.folded }, { fromMs: range.fromMs, untilMs });
  if (forgotten > 0 && !mayRepeat) return refused(`${stretch}: ${repeatsRefusal(forgotten)}`);
  const job = newJob({ origin: "backfill", order, whole, mayRepeat });
  return {
    message: `${name}: reads ${stretch}, ${order === "asc" ? "oldest" : "newest"} first`,
    change: (draft) => setRead(draft, name, job),
  };
}

/** What is to be read ends where the tail stands, and begins where the scan began. */
function addVerify(range: Pick<Of<"verify_add">, "fromMs" | "untilMs">, { cursor, ...state }: ScanState): Applied {
  const fromMs = Math.max(range.fromMs, cursor.beganMs);
  const untilMs = Math.min(range.untilMs, tailFromMs(cursor));
  const stretch = `${isoOf(fromMs)} to ${isoOf(untilMs)}`;
  if (untilMs <= fromMs) {
    const has = `${isoOf(cursor.beganMs)} to ${isoOf(tailFromMs(cursor))}`;
    return refused(
      `nothing to compare from ${isoOf(range.fromMs)} to ${isoOf(range.untilMs)}: the scan has read ${has}`,
    );
  }
  const whole = { fromMs, untilMs: untilMs - 1 };
  const name = jobName({ origin: "verify", ageMs: null, whole });
  const full = noRoom(name, state);
  if (full !== null) return full;
  const job = newJob({ origin: "verify", order: "asc", whole });
  return {
    message: `${name}: reads ${stretch} again, oldest first`,
    change: (draft) => draft.setJob(name, job),
  };
}

/** A verify job that publishes what it is given by name, and then finds the hours equal. */
function addRepair({ repair, mayRepeat, ...range }: Of<"repair_add">, state: ScanState): Applied {
  if (!mayRepeat && repair.some(({ again }) => again !== "")) {
    return refused(
      "some of it may have been published before, and who has it would get it twice: that needs --may-repeat",
    );
  }
  const applied = addVerify(range, state);
  const { change } = applied;
  if (change === null) return applied;
  const count = repair.reduce((sum, hour) => sum + idsOf(hour).length, 0);
  return {
    message: `${applied.message}, and publishes ${count} of it by name`,
    change: (draft) => {
      const before = new Set(draft.jobs.keys());
      change(draft);
      for (const [name, job] of draft.jobs) if (!before.has(name)) draft.setJob(name, { ...job, repair });
    },
  };
}

/** The refusal of one more job; null: there is room. */
function noRoom(name: string, { jobs }: Pick<ScanState, "jobs">): Applied | null {
  if (jobs.has(name)) return refused(`${name} is there already: cancel it first, or begin elsewhere`);
  const full = tooManyJobs(jobs.size + 1);
  return full === null ? null : refused(full);
}

/** Back: the stretch is read again beside the tail. Forward: what is skipped is a gap. */
function resetCursor({ toMs, mayRepeat }: Of<"cursor_reset">, state: ScanState, serverNowMs: number): Applied {
  const { cursor } = state;
  const tailMs = tailFromMs(cursor);
  if (toMs > serverNowMs)
    return refused(`${isoOf(toMs)} lies in the future of the tenant's clock (${isoOf(serverNowMs)})`);
  const place = (draft: ScanDraft) => placeTail(draft, toMs, serverNowMs);
  if (tailMs > serverNowMs) return { message: `the tail goes on at ${isoOf(toMs)}`, change: place };
  if (toMs < tailMs) {
    return addBackfill({ fromMs: toMs, untilMs: tailMs, order: "asc", mayRepeat }, state, serverNowMs);
  }
  return {
    message: `the tail goes on at ${isoOf(toMs)}; ${isoOf(tailMs)} to there is open as a gap`,
    change: (draft) => {
      skip(draft, { fromMs: tailMs, untilMs: toMs - 1 });
      place(draft);
    },
  };
}

function changeJob(command: Of<"job_pause" | "job_resume" | "job_cancel">, { jobs }: ScanState): Applied {
  const { action, reader } = command;
  const job = jobs.get(reader);
  if (job === undefined || job.origin === "lookback") {
    const known = [...jobs].filter(([, each]) => each.origin !== "lookback").map(([name]) => name);
    return refused(`there is no job ${reader}; there are ${known.length === 0 ? "none" : known.join(", ")}`);
  }
  if (action === "job_cancel") return cancel(reader, job);
  const paused = action === "job_pause";
  return {
    message: `${reader} ${paused ? "pauses" : "goes on"}`,
    change: (draft) => draft.setJob(reader, { ...job, paused }),
  };
}

function cancel(reader: string, job: Job): Applied {
  const left = isDone(job) ? "nothing" : `${isoOf(job.fromMs)} to ${isoOf(job.untilMs)}`;
  return {
    message: `${reader} is cancelled; ${left} was left to read`,
    change: (draft) => {
      draft.setJob(reader, null);
      // What is compared was read before.
      if (job.origin === "verify") return;
      const owed = { fromMs: Math.max(job.fromMs, draft.cursor.beganMs), untilMs: job.untilMs };
      if (owed.fromMs <= owed.untilMs) skip(draft, owed);
    },
  };
}

/** Only what is asked stops: what is owed stays owed. */
function pauseScan({ by }: Of<"scan_pause" | "scan_resume">, { cursor }: ScanState, serverNowMs: number): Applied {
  if (cursor.paused !== null) return refused(`it is ${pausedText(cursor.paused)} already`);
  const paused = { atMs: serverNowMs, by };
  return {
    message: "nothing more is asked for the scan, until `scan resume`",
    change: (draft) => {
      draft.cursor = { ...draft.cursor, paused };
    },
  };
}

function resumeScan({ cursor }: ScanState): Applied {
  const { paused } = cursor;
  if (paused === null) return refused("it is not paused");
  return {
    message: `it goes on; it was ${pausedText(paused)}`,
    change: (draft) => {
      draft.cursor = { ...draft.cursor, paused: null };
    },
  };
}

/** Since when a scan is paused, and by whom, for people. */
export const pausedText = ({ atMs, by }: NonNullable<ScanState["cursor"]["paused"]>): string =>
  `paused by ${by} since ${isoOf(atMs)}`;
