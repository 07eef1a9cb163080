import type { AvroType, FieldSchema, RecordSchema } from "../../src/activity/schema.ts";
import { recordsOf } from "./schema-records.ts";

/** The text of src/activity/activity.ts: the type of an activity, from its schema, of which this is `version`. */
export function activityType(schema: RecordSchema, version: number): string {
  const [activity = "", ...parts] = recordsOf(schema).map(interfaceOf);
  return `// Made of schemas/activity.avsc by deploy/generate/activity.ts: do not edit.

/** Version of the schema, as records name it in their header \`schema-version\`. */
export const SCHEMA_VERSION = "${version}";

${comment(`${schema.doc} Every time is in epoch ms.`, "")}
export ${activity}

${parts.join("\n\n")}
`;
}

function interfaceOf({ name, fields }: RecordSchema): string {
  return `interface ${name} {\n${fields.map(memberOf).join("\n")}\n}`;
}

function memberOf({ name, type, doc }: FieldSchema): string {
  return `${comment(doc, "  ")}\n  readonly ${name}: ${typeText(type)};`;
}

function typeText(type: AvroType): string {
  if (typeof type === "string") return { long: "number", double: "number" }[type] ?? type;
  if (0 in type) return `${typeText(type[1])} | null`;
  if ("items" in type) return `readonly ${typeText(type.items)}[]`;
  if ("values" in type) return `{ readonly [name: string]: ${typeText(type.values)} }`;
  return "fields" in type ? type.name : "number";
}

const WIDTH = 120;

function comment(text: string, indent: string): string {
  const short = `${indent}/** ${text} */`;
  if (short.length <= WIDTH) return short;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`;
    if (`${indent} *${line}`.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(` ${word}`);
  }
  return [`${indent}/**`, ...lines.map((line) => `${indent} *${line}`), `${indent} */`].join("\n");
}
