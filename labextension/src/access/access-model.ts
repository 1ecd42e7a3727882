import { ISignal, Signal } from '@lumino/signaling';

import {
  IAccessApi,
  IHolder,
  IMe,
  IPathAccess,
  Permission
} from '../api/access';
import { ApiError } from '../api/client';
import { IEventStream } from '../api/events';

/** What is left to somebody who is let in nowhere any more. */
const NOTHING = {
  is_owner: false,
  is_trusted: false,
  has_kernels: false,
  permissions: []
};

/** What routes for everyone let in say to those who aren't. */
const NOTHING_CODES: ReadonlySet<string> = new Set(['shut_out', 'refused']);

/** So many paths that were only looked at are kept up to date. */
const PEEKS = 12;

/** What the model needs of the project's events. */
export type IAccessEvents = Pick<
  IEventStream,
  'received' | 'reset' | 'interrupted' | 'connectionChanged'
>;

/**
 * What I may do, here and on every path that somebody asked about.
 *
 * Answers are kept and asked for again whenever access changes; until the first answer is here, and
 * when the server can't be asked, nothing is taken away: the server decides in the end.
 */
export class AccessModel {
  constructor(
    readonly api: IAccessApi,
    events: IAccessEvents
  ) {
    events.received.connect((_, { type }) => {
      if (type === 'access.changed') {
        void this.refresh();
      }
    });
    events.reset.connect(() => void this.refresh());
    events.interrupted.connect(() => void this.lookIn());
    events.connectionChanged.connect((_, isConnected) => {
      if (isConnected && this.wasConnected) {
        void this.refresh();
      }
      this.wasConnected ||= isConnected;
    });
  }

  /** Who I am, or anything about a watched path, changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Everything was asked for anew, because access changed or may have. */
  get renewed(): ISignal<this, void> {
    return this._renewed;
  }

  /** There is nothing in the project for me any more. */
  get shutOut(): ISignal<this, void> {
    return this._shutOut;
  }

  get me(): IMe | null {
    return this._me;
  }

  /** What is known of a path; undefined when nothing is (yet), null when I don't reach it. */
  access(path: string): IPathAccess | null | undefined {
    return this.paths.get(path);
  }

  /** Whether I may do this on the whole project, as far as is known. */
  allowsOnProject(permission: Permission): boolean {
    return this._me?.permissions.includes(permission) ?? true;
  }

  /** Call people by these names, of whom the server knows none yet. */
  learnNames(names: Iterable<readonly [string, string]>): void {
    const before = this.names.size;
    for (const [username, name] of names) {
      this.names.set(username, name);
    }
    if (this.names.size > before) {
      this.paths.forEach((answer, path) => this.note(path, answer));
      this._changed.emit();
    }
  }

  /** Ask who I am; until then nobody is. */
  async load(): Promise<void> {
    await this.refresh();
  }

  /** Keep the answers for a path up to date, until the returned function is called. */
  watch(path: string): () => void {
    const watchers = this.watched.get(path) ?? 0;
    this.watched.set(path, watchers + 1);
    if (watchers === 0) {
      void this.ask(path);
    }
    let isOver = false;
    return () => {
      if (isOver) {
        return;
      }
      isOver = true;
      this.unwatch(path);
    };
  }

  /** What is known of a path that is looked at now and then; of the latest it stays known. */
  peek(path: string): IPathAccess | null | undefined {
    if (!this.peeked.includes(path)) {
      this.peeked.push(path);
      this.watch(path);
      const oldest = this.peeked.length > PEEKS ? this.peeked.shift() : null;
      if (oldest != null) {
        this.unwatch(oldest);
      }
    }
    return this.paths.get(path);
  }

  /** Ask again about everything. */
  async refresh(): Promise<void> {
    const round = ++this.round;
    const paths = [...this.watched.keys()];
    const [me, answers] = await Promise.all([
      answerOf(() => this.api.me()),
      this.answersOf(paths)
    ]);
    if (round !== this.round) {
      return;
    }
    if (me !== undefined) {
      this._me = me ?? (this._me && { ...this._me, ...NOTHING });
    }
    paths.forEach((path, index) => this.note(path, answers[index]));
    this._changed.emit();
    this._renewed.emit();
    if (me === null) {
      this._shutOut.emit();
    }
  }

  /** Ask whether I am let in at all; a stream that can't begin doesn't say. */
  private async lookIn(): Promise<void> {
    try {
      const { is_let_in: isLetIn, why } = await this.api.standing();
      if (!isLetIn && why !== 'signed_out') {
        this._shutOut.emit();
      }
    } catch (error) {
      console.debug('The server does not say whether I am let in', error);
    }
  }

  /** Ask again about one path. */
  async ask(path: string): Promise<void> {
    const round = this.round;
    const [answer] = await this.answersOf([path]);
    // A later round asks about it anew.
    if (round === this.round) {
      this.note(path, answer);
      this._changed.emit();
    }
  }

  private async answersOf(
    paths: readonly string[]
  ): Promise<readonly (IPathAccess | null | undefined)[]> {
    const answers =
      paths.length > 0 && (await answerOf(() => this.api.permissions(paths)));
    // Who is let in nowhere any more is refused as a whole.
    return answers === null ? paths.map(() => null) : answers || [];
  }

  private unwatch(path: string): void {
    const left = (this.watched.get(path) ?? 1) - 1;
    if (left > 0) {
      this.watched.set(path, left);
    } else {
      this.watched.delete(path);
      this.paths.delete(path);
    }
  }

  private note(path: string, answer: IPathAccess | null | undefined): void {
    if (answer !== undefined && this.watched.has(path)) {
      this.paths.set(path, answer && this.named(answer));
    }
  }

  private named(access: IPathAccess): IPathAccess {
    const nameOf = (holder: IHolder): IHolder => {
      const isUnknown =
        holder.kind === 'user' && holder.display_name === holder.name;
      const name = isUnknown ? this.names.get(holder.name) : undefined;
      return name === undefined ? holder : { ...holder, display_name: name };
    };
    return {
      ...access,
      ranges: access.ranges.map(range => ({
        ...range,
        holders: range.holders.map(nameOf)
      }))
    };
  }

  private readonly paths = new Map<string, IPathAccess | null>();
  private readonly names = new Map<string, string>();
  private readonly peeked: string[] = [];
  private readonly watched = new Map<string, number>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _shutOut = new Signal<this, void>(this);
  private readonly _renewed = new Signal<this, void>(this);
  private _me: IMe | null = null;
  private round = 0;
  private wasConnected = false;
}

/** The answer; null when there is nothing for me here at all, undefined for none. */
async function answerOf<T>(
  ask: () => Promise<T>
): Promise<T | null | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && NOTHING_CODES.has(error.code)) {
      return null;
    }
    console.warn('The server did not say what may be done here', error);
    return undefined;
  }
}
