import { ISignal, Signal } from '@lumino/signaling';

import { ClockTimes } from './clock-times';
import { IAuthorLookup } from './line-authors';
import { fetchAuthors, IAuthors, IPerson } from './messages';
import { SharedDocument } from './shared-documents';

const DISK_CLIENT_ID = 0;
const COLORS = 7;
const REFETCH_AFTER_MS = 10_000;

interface IUserState {
  username?: string;
  name?: string;
  display_name?: string;
  color?: string;
}

/**
 * Who is behind the client ids of one document.
 *
 * The server's log knows everybody who ever wrote; awareness, which the server verifies, names
 * those who are here until the log has been asked again.
 */
export class AuthorBook implements IAuthorLookup {
  constructor(
    private readonly document: SharedDocument,
    private readonly path: () => string
  ) {
    document.awareness.on('change', this.onAwareness);
  }

  /** Emitted when more is known. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  personOf(clientId: number): IPerson | null {
    const person = this.people.get(clientId) ?? this.presentPerson(clientId);
    if (person === null && clientId !== DISK_CLIENT_ID) {
      this.nameless.add(clientId);
    }
    return person;
  }

  timeOf(clientId: number, clock: number): number | null {
    return this.times.timeOf(clientId, clock);
  }

  /** The colour of a person's cursor, as last seen, or a lasting one for somebody never here. */
  colorOf(username: string): string {
    for (const state of this.document.awareness.getStates().values()) {
      const user = state.user as IUserState | undefined;
      if (user?.username === username && user.color) {
        this.colors.set(username, user.color);
        return user.color;
      }
    }
    const seen = this.colors.get(username);
    if (seen !== undefined) {
      return seen;
    }
    let sum = 0;
    for (const character of username) {
      sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
    }
    return `var(--jp-collaborator-color${(sum % COLORS) + 1})`;
  }

  /** Ask the server, unless it was asked a moment ago and knew everybody then. */
  async refresh(clientIds: Set<number>): Promise<void> {
    const isNew = [...clientIds].some(id => !this.askedFor.has(id));
    const isStale = Date.now() - this.askedAt > REFETCH_AFTER_MS;
    if (this.isAsking || !(isNew || isStale)) {
      return;
    }
    this.isAsking = true;
    this.askedAt = Date.now();
    clientIds.forEach(id => this.askedFor.add(id));
    try {
      this.learn(await fetchAuthors(this.path()));
    } finally {
      this.isAsking = false;
    }
  }

  private learn(answer: IAuthors): void {
    for (const [clientId, person] of Object.entries(answer.authors)) {
      this.people.set(Number(clientId), person);
    }
    this.times = new ClockTimes(answer.marks);
    this.changedSignal.emit();
  }

  private presentPerson(clientId: number): IPerson | null {
    if (clientId === DISK_CLIENT_ID) {
      return null;
    }
    const state = this.document.awareness.getStates().get(clientId);
    const user = state?.user as IUserState | undefined;
    if (!user?.username) {
      return null;
    }
    const name = user.display_name ?? user.name ?? user.username;
    const person = { username: user.username, name };
    this.people.set(clientId, person);
    return person;
  }

  /** Somebody whose text was shown as nobody's has come. */
  private readonly onAwareness = (change: {
    added: number[];
    updated: number[];
  }): void => {
    const named = [...change.added, ...change.updated].filter(
      id => this.nameless.has(id) && this.presentPerson(id) !== null
    );
    named.forEach(id => this.nameless.delete(id));
    if (named.length) {
      this.changedSignal.emit();
    }
  };

  private readonly nameless = new Set<number>();
  private readonly colors = new Map<string, string>();
  private readonly people = new Map<number, IPerson>();
  private times = new ClockTimes([]);
  private readonly askedFor = new Set<number>();
  private askedAt = 0;
  private isAsking = false;
  private readonly changedSignal = new Signal<this, void>(this);
}
