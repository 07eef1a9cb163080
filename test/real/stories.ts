/** An attack that the mock tenant has planted, as `/_story` tells it. */
export interface Story {
  readonly story: string;
  readonly users: readonly string[];
  readonly ips: readonly string[];
  readonly activities: number;
  /** Of those that are saved by now, in the order in which they happen. */
  readonly ids: readonly string[];
}

/** What the mock tenant has planted, by name. */
export async function storiesOf(mockUrl: string): Promise<ReadonlyMap<string, Story>> {
  return new Map((await linesOf<Story>(`${mockUrl}/_story`)).map((row) => [row.story, row]));
}

/** One JSON value a line. */
export async function linesOf<T>(url: string): Promise<T[]> {
  const body = await (await fetch(url)).text();
  return body
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
