import { IPerson } from './messages';
import { IShare } from './author-runs';

/** What one person wrote of a line. */
export interface ILineAuthor {
  person: IPerson | null;
  /** Between 0 and 1. */
  share: number;
  /** Epoch seconds, when known. */
  time: number | null;
}

/** Who stands behind a client id (null: the disk), and when it had reached a clock. */
export interface IAuthorLookup {
  personOf(clientId: number): IPerson | null;
  timeOf(clientId: number, clock: number): number | null;
}

/** Sum up shares by person, who wrote most first. */
export function lineAuthors(
  shares: IShare[],
  lookup: IAuthorLookup
): ILineAuthor[] {
  const total = shares.reduce((sum, share) => sum + share.length, 0);
  const found = new Map<string, ILineAuthor>();
  for (const share of shares) {
    const person = lookup.personOf(share.clientId);
    const key = person?.username ?? '';
    const author = found.get(key) ?? { person, share: 0, time: null };
    author.share += share.length / total;
    const time =
      person === null ? null : lookup.timeOf(share.clientId, share.lastClock);
    if (time !== null) {
      author.time = Math.max(author.time ?? 0, time);
    }
    found.set(key, author);
  }
  return [...found.values()].sort((a, b) => b.share - a.share);
}
