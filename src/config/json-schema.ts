import { z } from "zod";
import type { Path } from "./path.ts";
import { configSchema } from "./schema.ts";

/** The part of JSON Schema that the configuration's own schema uses and that is read here. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: { readonly enum?: readonly string[]; readonly pattern?: string };
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly writeOnly?: boolean;
  readonly type?: string;
}

/** JSON Schema (draft 2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(configSchema, { io: "input" }), title: "Configuration of mdca-kafka-source" };
}

const root: SchemaNode = z.toJSONSchema(configSchema, { io: "input" }) as SchemaNode;

/** The schema of the option at a path; undefined where nothing is known or anything goes. */
export function schemaAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, key) => {
    const map = asMap(node);
    if (map?.items !== undefined) return map.items;
    if (map?.properties && Object.hasOwn(map.properties, key)) return map.properties[key];
    return typeof map?.additionalProperties === "object" ? map.additionalProperties : undefined;
  }, root);
}

/** The keys that may stand at a path; empty where keys are names of the user's choice or there are none. */
export function keysAt(path: Path): readonly string[] {
  const map = asMap(schemaAt(path));
  return [...Object.keys(map?.properties ?? {}), ...(map?.propertyNames?.enum ?? [])];
}

/** Whether the keys at a path are names of the user's choice: tenants and scans. */
export function hasNamesAt(path: Path): boolean {
  return asMap(schemaAt(path))?.propertyNames?.pattern !== undefined;
}

/** Whether the option is a secret; whatever it holds is never shown. */
export function isSecretAt(path: Path): boolean {
  return schemaAt(path)?.writeOnly === true;
}

function asMap(node: SchemaNode | undefined): SchemaNode | undefined {
  return node?.anyOf?.find((branch) => branch.type === "object") ?? node;
}
