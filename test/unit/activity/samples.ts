import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Activity } from "../../../src/activity/activity.ts";
import { openBodyReader } from "../../../src/activity/decode.ts";
import { readActivity } from "../../../src/activity/read.ts";
import { activitySchema } from "../../../src/activity/schema.ts";
import { unframed } from "../../../src/activity/wire-format.ts";

/** Where real activities lie beside a checkout that has them; they are not part of the project. */
export const samplesFolder = fileURLToPath(new URL("../../../../shared/samples/", import.meta.url));

export const noSamples = existsSync(samplesFolder) ? false : "the folder of real samples is not beside this checkout";

export function sample(name: string): string {
  return readFileSync(`${samplesFolder}${name}`, "utf8");
}

/** The activity whose JSON is `json`: its text when it is a string, else its usual spelling. */
export function activityOf(json: string | object) {
  return readActivity(Buffer.from(typeof json === "string" ? json : JSON.stringify(json)), 8 * 1024 * 1024);
}

export const context = { scan: "contoso-all", tenant: "contoso", reader: "tail", readAtMs: 1_795_438_800_123 };

/** What is decoded or projected, for looking into without proving each step. */
export type Loose = Record<string, ReturnType<typeof JSON.parse>>;

const readBody = openBodyReader(activitySchema);

/** What `openEncoder` encoded. @throws Error when it is not of this version of the schema. */
export function decodeActivity(value: Buffer): { readonly schemaId: number; readonly activity: Activity } {
  const { schemaId, body } = unframed(value);
  return { schemaId, activity: readBody(body) };
}
