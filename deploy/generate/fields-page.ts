import { type AvroType, CONNECTOR_FIELDS, type RecordSchema } from "../../src/activity/schema.ts";

/** The page for people about the fields of a published activity. */
export function fieldsPage(schema: RecordSchema, version: number): string {
  return `# The fields of an activity

Made of \`schemas/activity.avsc\`, version ${version}, by \`deploy/generate/activity.ts\`: do not edit.

A field is null where the activity does not have it, or has it of an unexpected type; then
\`mdca_source_field_mismatches_total\` counts it, and \`raw\` still holds it. \`a.b\` is field \`b\` of record \`a\`, \`a[]\` an element
of list \`a\`. Times are epoch milliseconds (UTC). How to read them: [consuming.md](consuming.md); how fields are added:
[schema-evolution.md](schema-evolution.md).

## From the API

${table(schema.fields.filter(({ name }) => !CONNECTOR_FIELDS.has(name)))}

## From the connector

${table(schema.fields.filter(({ name }) => CONNECTOR_FIELDS.has(name)))}
`;
}

function table(fields: RecordSchema["fields"]): string {
  return ["| field | type | null | meaning |", "|---|---|---|---|", ...rows(fields, "")].join("\n");
}

function rows(fields: RecordSchema["fields"], prefix: string): string[] {
  return fields.flatMap(({ name, type, doc }) => {
    const path = prefix + name;
    const nullable = Array.isArray(type) ? "may be" : "never";
    const row = `| \`${path}\` | ${typeText(type)} | ${nullable} | ${doc.replaceAll("|", "\\|")} |`;
    return [row, ...partsOf(type, path)];
  });
}

function partsOf(type: AvroType, path: string): string[] {
  if (typeof type === "string") return [];
  if (0 in type) return partsOf(type[1], path);
  if ("items" in type) return partsOf(type.items, `${path}[]`);
  return "fields" in type ? rows(type.fields, `${path}.`) : [];
}

function typeText(type: AvroType): string {
  if (typeof type === "string") return /^[a-z]/.test(type) ? type : `record ${type}`;
  if (0 in type) return typeText(type[1]);
  if ("items" in type) return `list of ${typeText(type.items)}`;
  if ("values" in type) return `map of ${typeText(type.values)}`;
  return "fields" in type ? `record ${type.name}` : type.logicalType;
}
