import { checkerClasses, kafkaJars, requireSetup, runTool, smallJvm } from "./jvm.ts";

/** What Apache Avro's Java library found in a container file. */
export interface Container {
  readonly codec: string;
  /** The schema's full name. */
  readonly schema: string;
  readonly activities: readonly { readonly id: string; readonly sha256: string }[];
}

/** Reads Avro container files by a library that is not ours. @throws with its words when one is damaged. */
export async function readContainers(files: readonly string[]): Promise<Container[]> {
  requireSetup();
  const encoding = [
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
  ];
  const classes = ["-cp", `${checkerClasses}:${kafkaJars}`];
  const lines = (await runTool(["java", ...smallJvm, ...encoding, ...classes, "ReadContainer", ...files])).split("\n");
  return files.map(() => {
    const { records, codec, schema } = JSON.parse(lines.shift() ?? "") as { records: number } & Omit<
      Container,
      "activities"
    >;
    const activities = lines.splice(0, records).map((line) => {
      const [id = "", sha256 = ""] = line.split("\t");
      return { id, sha256 };
    });
    return { codec, schema, activities };
  });
}
