declare global {
  // In every Node.js that this runs on (20 and up), but not yet in the ES2023 library types.
  interface String {
    isWellFormed(): boolean;
    toWellFormed(): string;
  }
}

/**
 * Whether `text` holds no lone surrogate. JSON may (`"\ud800"`), UTF-8 cannot: two texts that differ only in
 * their lone surrogates are the same bytes.
 */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** `text` with each lone surrogate replaced by U+FFFD; the same string when there is none. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}
