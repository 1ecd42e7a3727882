/**
 * Which of this browser's edits the server hasn't acknowledged yet.
 *
 * The server sends an applied update back once it is on its log, so what comes in over the socket
 * says what the server holds: an edit is acknowledged when all its characters, and all its
 * deletions, have come back (from here or from anyone).
 */
import * as Y from 'yjs';

export interface IRange {
  start: number;
  end: number;
}

export type Ranges = Map<number, IRange[]>;

/** What an update does, by client: the items it brings and the ones it deletes. */
export interface IContents {
  inserted: Ranges;
  deleted: Ranges;
}

/** Some edits that were made together. */
export interface IEntry {
  readonly id: string;
  readonly update: Uint8Array;
  readonly addedAt: number;
  readonly inserted: Ranges;
  /** Deletions that haven't come back yet. */
  unseenDeletions: Ranges;
}

export class Outbox {
  get size(): number {
    return this.entries.length;
  }

  get all(): readonly IEntry[] {
    return this.entries;
  }

  /** When the oldest waiting edit was made, or null. */
  get oldestAt(): number | null {
    return this.entries[0]?.addedAt ?? null;
  }

  /** Everything that waits, as one update. */
  merged(): Uint8Array {
    return Y.mergeUpdates(this.entries.map(entry => entry.update));
  }

  /** Note edits; returns null when they change nothing. */
  add(id: string, update: Uint8Array, now: number): IEntry | null {
    const { inserted, deleted } = readContents(update);
    if (inserted.size === 0 && deleted.size === 0) {
      return null;
    }
    const entry: IEntry = {
      id,
      update,
      addedAt: now,
      inserted,
      unseenDeletions: deleted
    };
    this.entries.push(entry);
    return entry;
  }

  /** The server holds `update`; returns the entries that are acknowledged by it. */
  acknowledge(update: Uint8Array): IEntry[] {
    if (this.entries.length === 0) {
      return [];
    }
    const { inserted, deleted } = readContents(update);
    for (const [client, ranges] of inserted) {
      this.raise(client, endOf(ranges));
    }
    for (const entry of this.entries) {
      for (const [client, ranges] of deleted) {
        const left = subtract(entry.unseenDeletions.get(client) ?? [], ranges);
        if (left.length) {
          entry.unseenDeletions.set(client, left);
        } else {
          entry.unseenDeletions.delete(client);
        }
      }
    }
    return this.takeAcknowledged();
  }

  /** The server holds what `stateVector` says; deletions stay open, it doesn't tell them. */
  acknowledgeState(stateVector: Uint8Array): IEntry[] {
    for (const [client, end] of Y.decodeStateVector(stateVector)) {
      this.raise(client, end);
    }
    return this.takeAcknowledged();
  }

  /**
   * A state vector that covers `doc` but for what waits here: a server asked for what it leaves
   * out answers with our own edits too, if it holds them.
   */
  stateVectorWithoutWaiting(doc: Y.Doc): Uint8Array {
    const state = Y.decodeStateVector(Y.encodeStateVector(doc));
    for (const entry of this.entries) {
      for (const [client, ranges] of entry.inserted) {
        state.set(client, Math.min(ranges[0].start, state.get(client) ?? 0));
      }
    }
    return Y.encodeStateVector(state);
  }

  /** Make one entry of all, as old as the oldest. */
  compact(id: string): IEntry {
    const update = this.merged();
    const { inserted, deleted } = readContents(update);
    const addedAt = this.oldestAt ?? 0;
    const entry = { id, update, addedAt, inserted, unseenDeletions: deleted };
    this.entries = [entry];
    return entry;
  }

  clear(): void {
    this.entries = [];
  }

  private raise(client: number, end: number): void {
    this.known.set(client, Math.max(end, this.known.get(client) ?? 0));
  }

  private takeAcknowledged(): IEntry[] {
    const done: IEntry[] = [];
    this.entries = this.entries.filter(entry => {
      const isDone =
        entry.unseenDeletions.size === 0 &&
        [...entry.inserted].every(
          ([client, ranges]) => (this.known.get(client) ?? 0) >= endOf(ranges)
        );
      if (isDone) {
        done.push(entry);
      }
      return !isDone;
    });
    return done;
  }

  private entries: IEntry[] = [];
  private readonly known = new Map<number, number>();
}

/** Read what an update does. */
export function readContents(update: Uint8Array): IContents {
  const { structs, ds } = Y.decodeUpdate(update);
  const inserted: Ranges = new Map();
  for (const struct of structs) {
    // A Skip marks a gap: it carries nothing.
    if (!(struct instanceof Y.Item) && !(struct instanceof Y.GC)) {
      continue;
    }
    const { client, clock } = struct.id;
    const ranges = inserted.get(client) ?? [];
    const last = ranges.at(-1);
    if (last?.end === clock) {
      last.end += struct.length;
    } else {
      ranges.push({ start: clock, end: clock + struct.length });
    }
    inserted.set(client, ranges);
  }
  const deleted: Ranges = new Map();
  for (const [client, parts] of ds.clients) {
    deleted.set(
      client,
      parts.map(part => ({ start: part.clock, end: part.clock + part.len }))
    );
  }
  return { inserted, deleted };
}

/** The clock after the last of some ranges, which are in order. */
function endOf(ranges: readonly IRange[]): number {
  return ranges.at(-1)?.end ?? 0;
}

/** What of `ranges` none of `holes` covers. */
export function subtract(
  ranges: readonly IRange[],
  holes: readonly IRange[]
): IRange[] {
  let left = [...ranges];
  for (const hole of holes) {
    left = left.flatMap(range => {
      if (hole.end <= range.start || range.end <= hole.start) {
        return [range];
      }
      return [
        { start: range.start, end: Math.min(range.end, hole.start) },
        { start: Math.max(range.start, hole.end), end: range.end }
      ].filter(part => part.start < part.end);
    });
  }
  return left;
}
