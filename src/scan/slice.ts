export const SLICE_MS = 3_600_000;

/** The aligned hour that a cursor-field value belongs to. */
export const sliceOf = (valueMs: number): number => Math.floor(valueMs / SLICE_MS) * SLICE_MS;
