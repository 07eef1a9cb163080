import { SCHEMA_VERSION } from "../activity/activity.ts";
import type { Encode } from "../activity/encode.ts";
import { readUserName } from "../activity/project.ts";
import { isJsonObject } from "../activity/read.ts";
import type { Defect, ReadActivity } from "../activity/reading.ts";
import type { ScanConfig } from "../config/config.ts";
import type { OutgoingRecord } from "../kafka/port.ts";
import { deadLetterRecords } from "./dead-letter.ts";

/** Where a scan's records go and how they are written; the same for all its pages. */
export interface RecordPlan {
  readonly scan: ScanConfig;
  readonly encode: Encode;
  readonly dlqTopic: string;
  readonly activityBytesMax: number;
  /** The largest value that the activities topic takes; a larger one becomes a dead letter. */
  readonly valueBytesMax: number;
  partitionOf(topic: string, key: Buffer): number;
}

/** The record of an activity. @param reader the kind of whoever read it. */
export function activityRecord(plan: RecordPlan, reader: string, read: ReadActivity, value: Buffer): OutgoingRecord {
  const { scan } = plan;
  const id = Buffer.from(read.id, "utf8");
  const key = scan.key === "user" ? userKey(read, id) : id;
  const partition = plan.partitionOf(scan.topic, key);
  const headers = { tenant: scan.tenant, scan: scan.name, reader, "schema-version": SCHEMA_VERSION };
  return { topic: scan.topic, partition, key: scan.key === "none" ? null : key, value, headers };
}

/** The dead letter of an activity that cannot be published. */
export function letterRecords(plan: RecordPlan, read: ReadActivity, defect: Defect): OutgoingRecord[] {
  const { scan, dlqTopic } = plan;
  const key = Buffer.from(read.id, "utf8");
  return deadLetterRecords({
    topic: dlqTopic,
    partition: plan.partitionOf(dlqTopic, key),
    key,
    bytes: read.bytes,
    defect,
    message: `tenant ${scan.tenant}, scan ${scan.name}: ${DEFECTS[defect]} (${read.bytes.length} bytes)`,
    tenant: scan.tenant,
    scan: scan.name,
    meantFor: scan.topic,
  });
}

const DEFECTS: Readonly<Record<Defect, string>> = {
  not_json: "the activity is not JSON",
  not_an_object: "the activity is not a JSON object",
  invalid_utf8: "the activity is not UTF-8",
  too_large: "the activity is larger than limits.activity, or its record than the topic takes",
  no_id: "the activity has no usable _id",
  no_time: "the activity has no value of the cursor field",
  not_encodable: "the activity cannot be encoded",
};

/** Orders a user's activities, by the name that the record's field has; those without one are spread by id. */
function userKey(read: ReadActivity, id: Buffer): Buffer {
  const user = read.json?.["user"];
  const name = isJsonObject(user) ? readUserName(user["userName"]) : undefined;
  return name === undefined || name === "" ? id : Buffer.from(name, "utf8");
}
