import { z } from "zod";
import { describeError } from "../kit/errors.ts";
import { repairSchema } from "./repair.ts";

/** Version 2 brought the plan, `scan_pause`, `scan_resume` and `cursor_import`; all else is written as version 1. */
const COMMAND_VERSION = 2;
/** As of the command that it holds. */
const HISTORY_VERSION = COMMAND_VERSION;
const COMMAND_KEY_START = '{"command":';

/** What `Date` can hold: beyond it nothing can be printed. */
const INSTANT_MAX_MS = 8.64e15;
const instantMs = z.int().min(-INSTANT_MAX_MS).max(INSTANT_MAX_MS);
const name = z.string().min(1);

/** Jobs that an import may carry. */
const IMPORT_JOBS_MAX = 50;

/** What the operator was told before the command was sent; null: no requests. */
const planSchema = z.strictObject({
  does: z.string(),
  activities: z.int().min(0).nullable(),
  requests: z.int().min(0).nullable(),
  minutes: z.number().min(0).nullable(),
});

const since2 = z.literal(2);
const head = {
  version: z.union([z.literal(1), since2]),
  /** Unlike any other command's: whatever is sent twice is applied once. */
  id: name,
  /** When it was given, by the clock of whoever gave it. */
  at: z.iso.datetime(),
  /** Who gave it, for people. */
  by: z.string(),
  scan: name,
  plan: planSchema.optional(),
};

const commandSchema = z.discriminatedUnion("action", [
  z
    .strictObject({
      ...head,
      action: z.literal("backfill_add"),
      /** The stretch of the cursor field to read: `fromMs` included, `untilMs` excluded. */
      fromMs: instantMs,
      untilMs: instantMs,
      /** `asc`: the oldest first. */
      order: z.enum(["asc", "desc"]),
      /** Whether it may be applied where ids are forgotten, so that activities may be published again. */
      mayRepeat: z.boolean(),
    })
    .refine(({ fromMs, untilMs }) => fromMs < untilMs, { message: "its stretch is empty", path: ["untilMs"] }),
  /** As of a backfill. */
  z
    .strictObject({ ...head, action: z.literal("verify_add"), fromMs: instantMs, untilMs: instantMs })
    .refine(({ fromMs, untilMs }) => fromMs < untilMs, { message: "its stretch is empty", path: ["untilMs"] }),
  z
    .strictObject({
      ...head,
      action: z.literal("repair_add"),
      fromMs: instantMs,
      untilMs: instantMs,
      /** What is to be published by name. */
      repair: repairSchema.readonly(),
      /** Whether it may hold what was published before, or may have been. */
      mayRepeat: z.boolean(),
    })
    .refine(({ fromMs, untilMs }) => fromMs < untilMs, { message: "its stretch is empty", path: ["untilMs"] }),
  z.strictObject({ ...head, action: z.enum(["job_pause", "job_resume", "job_cancel"]), reader: name }),
  z.strictObject({ ...head, action: z.literal("cursor_reset"), toMs: instantMs, mayRepeat: z.boolean() }),
  z.strictObject({ ...head, version: since2, action: z.enum(["scan_pause", "scan_resume"]) }),
  z.strictObject({
    ...head,
    version: since2,
    action: z.literal("cursor_import"),
    /** Which export it comes from, for people and the history. */
    source: z.strictObject({ exportedAt: z.iso.datetime(), digest: name }),
    /** Whose it is: as of the scan's own cursor, or it is refused. */
    tenant: name,
    cursorField: z.enum(["created", "date"]).nullable(),
    filtersHash: name,
    /** How many transactions the scan had had, and below what it had never asked. */
    revision: z.int().min(0),
    beganMs: instantMs,
    /** What its tail would have asked for next. */
    toMs: instantMs,
    /** What each of its range jobs had left to read; inclusive. */
    jobs: z
      .array(
        z.strictObject({
          reader: name,
          fromMs: instantMs,
          untilMs: instantMs,
          order: z.enum(["asc", "desc"]),
          paused: z.boolean(),
        }),
      )
      .max(IMPORT_JOBS_MAX),
    mayRepeat: z.boolean(),
  }),
]);

const historySchema = z.strictObject({
  version: z.union([z.literal(1), since2]),
  /** Null: a command that its owner could not read. */
  command: commandSchema.nullable(),
  appliedAt: z.iso.datetime(),
  outcome: z.enum(["done", "refused"]),
  /** What was done, or why not; for people. */
  message: z.string(),
});

/**
 * What an operator wants of a scan, as a record of its shard. Only the shard's owner applies it: in one transaction
 * with the change, the tombstone of the command's key and a history record.
 */
export type Command = Readonly<z.infer<typeof commandSchema>>;

export type ImportCommand = Extract<Command, { readonly action: "cursor_import" }>;

/** What an operator was told that a command would do and cost. */
export type CommandPlan = Readonly<z.infer<typeof planSchema>>;

/** What became of a command; stays in the state under `historyKey`. */
export type History = Readonly<z.infer<typeof historySchema>>;

/** What a record holds, or why it cannot be read, for people. */
export type Decoded<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly reason: string };

export const commandKey = (id: string): string => JSON.stringify({ command: id });

export const historyKey = (id: string): string => JSON.stringify({ history: id });

/** Whether a state key is a command's, readable or not. */
export const isCommandKey = (key: string): boolean => key.startsWith(COMMAND_KEY_START);

export const encodeCommand = (command: Command): string => JSON.stringify(command);

export const encodeHistory = (history: Omit<History, "version">): string =>
  JSON.stringify({ version: history.command?.version ?? 1, ...history });

/** The command with what its operator was told of it. */
export const withPlan = (command: Command, plan: CommandPlan): Command => ({ ...command, version: 2, plan });

/** Never throws: whoever may write to the topic may write anything. A command counts only under its own key. */
export function decodeCommand(key: string, value: Buffer): Decoded<Command> {
  const decoded = decode(commandSchema, value, { what: "command", version: COMMAND_VERSION });
  if (decoded.kind === "unreadable" || commandKey(decoded.value.id) === key) return decoded;
  return { kind: "unreadable", reason: `the command ${decoded.value.id} lies under the key of another` };
}

/** Never throws. */
export const decodeHistory = (value: Buffer): Decoded<History> =>
  decode(historySchema, value, { what: "history", version: HISTORY_VERSION });

/** The id in a command's key; null when it is no command's key, or no whole one. */
export const commandIdOf = (key: string): string | null => idOf("command", key);

/** As of a command. */
export const historyIdOf = (key: string): string | null => idOf("history", key);

function idOf(member: "command" | "history", key: string): string | null {
  try {
    const parsed = z.strictObject({ [member]: name }).safeParse(JSON.parse(key));
    return parsed.success ? (parsed.data[member] ?? null) : null;
  } catch {
    return null;
  }
}

function decode<T>(schema: z.ZodType<T>, value: Buffer, kind: { what: string; version: number }): Decoded<T> {
  const unreadable = (reason: string): Decoded<T> => ({
    kind: "unreadable",
    reason: `the ${kind.what} record ${reason}`,
  });
  let json: unknown;
  try {
    json = JSON.parse(value.toString("utf8"));
  } catch (error) {
    return unreadable(`is not JSON (${value.length} bytes): ${describeError(error)}`);
  }
  const versioned = z.object({ version: z.number() }).safeParse(json);
  if (versioned.success && versioned.data.version > kind.version) {
    const known = `this program knows ${kind.version}: run the version that wrote it here, too`;
    return unreadable(`has version ${versioned.data.version}, ${known}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: "read", value: parsed.data };
  const [issue] = parsed.error.issues;
  return unreadable(`is damaged at ${issue?.path.join(".")}: ${issue?.message}`);
}
