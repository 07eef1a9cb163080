import { z } from "zod";

const schema = z.strictObject({ version: z.literal(1), pace: z.number().min(1) });

export const paceKey = (tenant: string): string => JSON.stringify({ tenant });

/** @param pace requests a minute. */
export const encodePace = (pace: number): string => JSON.stringify({ version: 1, pace });

/** The pace that an earlier owner had learned; null: none, or none that can be read, and the full pace is tried. */
export function decodePace(value: Buffer | undefined): number | null {
  try {
    return schema.parse(JSON.parse(String(value))).pace;
  } catch {
    return null;
  }
}
