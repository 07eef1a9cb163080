import { z } from "zod";
import { ConnectorError, describeError } from "../kit/errors.ts";

/** What a state record is called in messages, and the newest version of it that this program knows. */
export interface RecordKind {
  /** The scan, and the record's place in it. */
  readonly where: string;
  readonly what: string;
  readonly version: number;
}

/**
 * A JSON record of the state by its schema.
 * @throws ConnectorError `cursor_corrupt` for what is none, `cursor_newer` for one of a later version.
 */
export function decodeRecord<T>(schema: z.ZodType<T>, value: Buffer, kind: RecordKind): T {
  const fail = (code: "cursor_corrupt" | "cursor_newer", message: string, cause?: unknown) =>
    new ConnectorError(code, `${kind.where}: ${message}`, { disposition: "fatal", cause });
  let json: unknown;
  try {
    json = JSON.parse(value.toString("utf8"));
  } catch (error) {
    const message = `the ${kind.what} record is not JSON (${value.length} bytes): ${describeError(error)}`;
    throw fail("cursor_corrupt", message);
  }
  const version = z.object({ version: z.number() }).safeParse(json);
  if (version.success && version.data.version > kind.version) {
    throw fail(
      "cursor_newer",
      `the ${kind.what} record has version ${version.data.version}, this program knows ${kind.version}: ` +
        "run the newer version that wrote it",
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail("cursor_corrupt", `the ${kind.what} record is damaged at ${issue?.path.join(".")}: ${issue?.message}`);
}
