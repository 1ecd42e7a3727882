import type * as Y from 'yjs';

/** How much of a stretch of text a client wrote, and the last it wrote there. */
export interface IShare {
  clientId: number;
  length: number;
  lastClock: number;
}

/**
 * The visible text as stretches of one client each.
 *
 * A flat copy of the items of a shared text, so that asking for a line is a binary search.
 */
export class AuthorRuns {
  private constructor(
    private readonly ends: number[],
    private readonly clients: number[],
    private readonly lastClocks: number[]
  ) {}

  /** Read the items of a shared text. */
  static of(text: Y.Text): AuthorRuns {
    const ends: number[] = [];
    const clients: number[] = [];
    const lastClocks: number[] = [];
    let position = 0;
    for (let item = text._start; item !== null; item = item.right) {
      if (item.deleted || !item.countable) {
        continue;
      }
      const { client, clock } = item.id;
      const last = ends.length - 1;
      position += item.length;
      if (
        last >= 0 &&
        clients[last] === client &&
        lastClocks[last] === clock - 1
      ) {
        ends[last] = position;
        lastClocks[last] = clock + item.length - 1;
      } else {
        ends.push(position);
        clients.push(client);
        lastClocks.push(clock + item.length - 1);
      }
    }
    return new AuthorRuns(ends, clients, lastClocks);
  }

  /** How many UTF-16 units the text has. */
  get length(): number {
    return this.ends[this.ends.length - 1] ?? 0;
  }

  /** Every client that wrote visible text. */
  clientIds(): Set<number> {
    return new Set(this.clients);
  }

  /** Who wrote the text between two offsets. */
  shares(from: number, to: number): IShare[] {
    const shares = new Map<number, IShare>();
    let index = this.indexAt(from);
    let position = from;
    while (position < to && index < this.ends.length) {
      const end = Math.min(to, this.ends[index]);
      const clientId = this.clients[index];
      const share = shares.get(clientId) ?? {
        clientId,
        length: 0,
        lastClock: 0
      };
      const beyond = this.ends[index] - end;
      share.length += end - position;
      share.lastClock = Math.max(
        share.lastClock,
        this.lastClocks[index] - beyond
      );
      shares.set(clientId, share);
      position = end;
      index += 1;
    }
    return [...shares.values()];
  }

  /** The run that holds the unit at `offset`. */
  private indexAt(offset: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
