import type { ScanConfig } from "../config/config.ts";
import type { CursorField } from "../tenant/request.ts";

/** The ages of each cursor field's own lookbacks, where none are configured. */
const AGES_MS: Readonly<Record<CursorField, readonly number[]>> = {
  created: [120_000, 86_400_000],
  date: [900_000, 6 * 3_600_000, 96 * 3_600_000],
};

/** At which ages a scan reads every stretch again; ascending. */
export const agesOf = ({ lookbacksMs }: Pick<ScanConfig, "lookbacksMs">, field: CursorField): readonly number[] =>
  lookbacksMs ?? AGES_MS[field];
