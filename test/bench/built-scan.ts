/** Built modules, from `dist`: what is measured is what is shipped. */
import type { SliceAddition, SliceDraft } from "../../src/scan/slice-draft.ts";
import type { Slices } from "../../src/scan/slices.ts";

export const scanRoom = {
  digest: () => dist<typeof import("../../src/scan/digest.ts")>("scan/digest"),
  slice: () => dist<typeof import("../../src/scan/slice.ts")>("scan/slice"),
  slices: () => dist<typeof import("../../src/scan/slices.ts")>("scan/slices"),
};

/** A change of slices that adds what a page does, not yet applied. */
export async function openDrafts(): Promise<(slices: Slices, additions: readonly SliceAddition[]) => SliceDraft> {
  const room = await dist<typeof import("../../src/scan/slice-draft.ts")>("scan/slice-draft");
  return (slices, additions) => {
    const draft = new room.SliceDraft(slices);
    for (const addition of additions) draft.add(addition);
    return draft;
  };
}

export function dist<T>(module: string): Promise<T> {
  return import(new URL(`../../dist/${module}.js`, import.meta.url).href) as Promise<T>;
}
