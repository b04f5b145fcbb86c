/** Whom a frame trusts. */

/** `parent=https://example.org`: an origin exactly as browsers write it, or null. */
export function readOrigin(given: string | null): string | null {
  if (given === null || given.length > 300) return null;
  try {
    const url = new URL(given);
    return /^https?:$/.test(url.protocol) && url.origin === given ? given : null;
  } catch {
    return null;
  }
}

/** Who may command the frame and hear everything; null: nobody. */
export function trustedOrigin(
  parent: string | null,
  own: string,
  sameOrigin: boolean,
): string | null {
  return parent ?? (sameOrigin ? own : null);
}
