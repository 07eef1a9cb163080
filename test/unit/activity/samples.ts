import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readActivity } from "../../../src/activity/read.ts";

/** Where real activities lie beside a checkout that has them; they are not part of the project. */
const folder = fileURLToPath(new URL("../../../../shared/samples/", import.meta.url));

export const noSamples = existsSync(folder) ? false : "the folder of real samples is not beside this checkout";

export function sample(name: string): string {
  return readFileSync(`${folder}${name}`, "utf8");
}

/** The activity whose JSON is `json`: its text when it is a string, else its usual spelling. */
export function activityOf(json: string | object) {
  return readActivity(Buffer.from(typeof json === "string" ? json : JSON.stringify(json)), 8 * 1024 * 1024);
}

export const context = { scan: "contoso-all", tenant: "contoso", reader: "tail", readAtMs: 1_795_438_800_123 };

/** What is decoded or projected, for looking into without proving each step. */
export type Loose = Record<string, ReturnType<typeof JSON.parse>>;
