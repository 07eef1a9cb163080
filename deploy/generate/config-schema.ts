// Writes schemas/config.schema.json from the schema that configurations are checked with.
import { writeFileSync } from "node:fs";
import { configJsonSchema } from "../../src/config/json-schema.ts";

const target = new URL("../../schemas/config.schema.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
