import { createHash } from "node:crypto";
import { describeError } from "../kit/errors.ts";
import { isSecretAt } from "./json-schema.ts";
import { formatPath, mapStrings, type Path } from "./path.ts";
import type { Problem } from "./problems.ts";
import { fillIn, hasReference, isLiteralSecret, type Surroundings } from "./references.ts";

export interface Interpolated {
  readonly tree: unknown;
  /** By formatted path: the text with its references, of the options that were filled in. */
  readonly templates: ReadonlyMap<string, string>;
  /** By formatted path: a digest of what each secret holds now. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Fills in `${env:NAME}` and `${file:PATH}` everywhere but in secrets: these keep their text, so that they are read
 * when they are used; that they can be read is checked here all the same.
 */
export function interpolate(tree: unknown, around: Surroundings): Interpolated {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const templates = new Map<string, string>();
  const secrets = new Map<string, string>();
  const replace = (text: string, path: Path): string => {
    const secret = isSecretAt(path);
    if (secret && isLiteralSecret(text)) warnings.push({ path, origin: null, message: LITERAL });
    if (hasReference(text)) templates.set(formatPath(path), text);
    try {
      const value = fillIn(text, around);
      if (secret) secrets.set(formatPath(path), digestOf(value));
      return secret ? text : value;
    } catch (error) {
      problems.push({ path, origin: null, message: describeError(error) });
      return text;
    }
  };
  return { tree: mapStrings(tree, replace), templates, secrets, problems, warnings };
}

/** By which a text is told from another. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const LITERAL = `a secret written into the configuration; better \${file:PATH} or \${env:NAME}`;
