const FIRST_MS = 150;
const LONGEST_MS = 15_000;

/**
 * Growing pauses between attempts, each with jitter so that a class of thirty doesn't come back
 * in the same millisecond.
 */
export class Backoff {
  constructor(private readonly random: () => number = Math.random) {}

  /** The pause before the next attempt, at least `atLeastMs`. */
  next(atLeastMs = 0): number {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.attempts);
    this.attempts += 1;
    const base = Math.max(ceiling, atLeastMs);
    return Math.round(base * (0.5 + this.random() / 2) + atLeastMs / 2);
  }

  /** An attempt succeeded. */
  reset(): void {
    this.attempts = 0;
  }

  private attempts = 0;
}
