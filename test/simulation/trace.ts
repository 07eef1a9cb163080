/** What happened in a run, as a number that two equal runs share, and as the marks that count it. */
export class Trace {
  readonly marks = new Set<string>();
  /** Kept only when somebody wants to read them. */
  readonly lines: string[] | null;
  #high = 0x811c9dc5;
  #low = 0x9e3779b9;

  constructor(isKept = false) {
    this.lines = isKept ? [] : null;
  }

  add(line: string): void {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < line.length; at++) {
      const unit = line.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit, 0x85ebca6b);
    }
    this.#high = high ^ (low >>> 13);
    this.#low = low ^ (high >>> 11);
    this.lines?.push(line);
  }

  mark(name: string): void {
    this.marks.add(name);
  }

  get hash(): string {
    const word = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
    return `${word(this.#high)}${word(this.#low)}`;
  }
}
