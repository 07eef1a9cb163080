// Writes the schema that helm checks the chart's values with; `config` is the connector's own configuration.
import { writeFileSync } from "node:fs";
import { chartValuesSchema } from "./chart-values.ts";

const target = new URL("../helm/mdca-kafka-source/values.schema.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(chartValuesSchema(), null, 2)}\n`);
