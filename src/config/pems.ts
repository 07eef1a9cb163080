import { describeError } from "../kit/errors.ts";
import { isTree, type Path, valueAt } from "./path.ts";
import type { Problem } from "./problems.ts";
import { fillIn, readPem, type Surroundings } from "./references.ts";

/** Checks that every certificate can be read and that the client's key is a key and not its path. */
export function checkPems(tree: unknown, around: Surroundings): Problem[] {
  const tenants = valueAt(tree, ["tenants"]);
  const certificates: Path[] = [
    ...Object.keys(isTree(tenants) ? tenants : {}).map((name) => ["tenants", name, "ca"]),
    ["kafka", "ssl", "ca"],
    ["kafka", "ssl", "cert"],
    ["schemaRegistry", "ca"],
  ];
  const key: Path = ["kafka", "ssl", "key"];
  return [
    ...certificates.flatMap((path) => attempt(tree, path, (text) => readPem(text, around))),
    ...attempt(tree, key, (text) => {
      if (!fillIn(text, around).includes("-----BEGIN")) throw new Error(`holds no PEM text; write \${file:PATH}`);
    }),
  ];
}

function attempt(tree: unknown, path: Path, read: (text: string) => void): Problem[] {
  const text = valueAt(tree, path);
  // An unreadable reference is reported where references are filled in.
  if (typeof text !== "string") return [];
  try {
    read(text);
    return [];
  } catch (error) {
    return [{ path, origin: null, message: describeError(error) }];
  }
}
