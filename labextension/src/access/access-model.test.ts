import { JSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import {
  IAccessApi,
  IMe,
  IPathAccess,
  IRange,
  IStanding,
  Permission
} from '../api/access';
import { ApiError } from '../api/client';
import { IEventStream, IServerEvent } from '../api/events';
import { AccessModel } from './access-model';

const ME: IMe = {
  username: 'grace',
  name: 'Grace',
  is_owner: false,
  is_guest: false,
  is_trusted: false,
  has_kernels: false,
  permissions: ['read']
};

const RANGE: IRange = {
  id: 'r1',
  path: 'a.py',
  kind: 'lines',
  state: 'open',
  mine: null,
  holders: [
    ['grace', 'grace'],
    ['ada', 'Ada']
  ].map(([name, display_name]) => ({
    kind: 'user',
    name,
    display_name,
    role: 'editor',
    permissions: ['read', 'edit']
  }))
};

/** A server that says what a test has put down, and says that it changed. */
class Server {
  me: IMe = ME;
  readonly given = new Map<string, Permission[]>();
  asked: string[] = [];
  failure: Error | null = null;
  standing: IStanding = {
    is_let_in: true,
    why: 'let_in',
    title: '',
    advice: ''
  };

  readonly api = {
    me: () => this.answer(this.me),
    standing: () => this.answer(this.standing),
    permissions: (paths: readonly string[]) => {
      this.asked.push(...paths);
      return this.answer(paths.map(path => this.told(path)));
    }
  } as unknown as IAccessApi;

  private readonly stream = {} as IEventStream;
  readonly received = new Signal<IEventStream, IServerEvent>(this.stream);
  readonly reset = new Signal<IEventStream, void>(this.stream);
  readonly interrupted = new Signal<IEventStream, void>(this.stream);
  readonly connectionChanged = new Signal<IEventStream, boolean>(this.stream);

  tell(type: string): void {
    this.received.emit({ type, seq: 1 } satisfies Record<string, JSONValue>);
  }

  private told(path: string): IPathAccess | null {
    const permissions = this.given.get(path);
    return permissions
      ? { path, permissions, why: '', ranges: [RANGE], reaches: true }
      : null;
  }

  private answer<T>(value: T): Promise<T> {
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(value);
  }
}

async function settle(model: AccessModel): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      model.changed.disconnect(done);
      resolve();
    };
    model.changed.connect(done);
  });
}

describe('the model of my access', () => {
  it('knows nothing before the server has answered, then what it said', async () => {
    const server = new Server();
    server.given.set('a.py', ['read', 'edit']);
    const model = new AccessModel(server.api, server);
    expect(model.me).toBeNull();
    expect(model.allowsOnProject('share')).toBe(true);
    model.watch('a.py');
    expect(model.access('a.py')).toBeUndefined();
    await model.load();
    expect(model.me?.username).toBe('grace');
    expect(model.allowsOnProject('share')).toBe(false);
    expect(model.access('a.py')?.permissions).toEqual(['read', 'edit']);
  });

  it('asks again when access changed, and only about what is watched', async () => {
    const server = new Server();
    server.given.set('a.py', ['read', 'edit']);
    server.given.set('b.py', ['read']);
    const model = new AccessModel(server.api, server);
    const stop = model.watch('b.py');
    model.watch('a.py');
    await model.load();
    stop();
    stop();
    server.given.set('a.py', ['read']);
    server.asked = [];
    server.tell('file.changed');
    server.tell('access.changed');
    await settle(model);
    expect(model.access('a.py')?.permissions).toEqual(['read']);
    expect(server.asked).toEqual(['a.py']);
    expect(model.access('b.py')).toBeUndefined();
  });

  it('says null for what I do not reach, and keeps what it knew when the server is away', async () => {
    const server = new Server();
    server.given.set('a.py', ['read']);
    const model = new AccessModel(server.api, server);
    model.watch('a.py');
    model.watch('hidden.py');
    await model.load();
    expect(model.access('hidden.py')).toBeNull();
    server.failure = new TypeError('Failed to fetch');
    await model.refresh();
    expect(model.access('a.py')?.permissions).toEqual(['read']);
    expect(model.me).toEqual(ME);
  });

  it('reaches nothing any more when it is refused as a whole', async () => {
    const server = new Server();
    server.given.set('a.py', ['read']);
    const model = new AccessModel(server.api, server);
    model.watch('a.py');
    await model.load();
    server.failure = new ApiError(
      403,
      'refused',
      'Nothing is shared with you.'
    );
    await model.refresh();
    expect(model.access('a.py')).toBeNull();
  });

  it('tells that I am shut out, and not when the server is away or I only have to sign in', async () => {
    const server = new Server();
    const model = new AccessModel(server.api, server);
    await model.load();
    let told = 0;
    model.shutOut.connect(() => told++);
    server.failure = new TypeError('Failed to fetch');
    await model.refresh();
    server.failure = new ApiError(403, 'shut_out', 'Your link was revoked.');
    expect(told).toBe(0);
    await model.refresh();
    expect(told).toBe(1);

    const interrupt = async (standing: Partial<IStanding> | null) => {
      server.failure = standing ? null : new TypeError('Failed to fetch');
      server.standing = { ...server.standing, ...standing };
      server.interrupted.emit();
      await Promise.resolve().then(() => Promise.resolve());
    };
    await interrupt(null);
    await interrupt({ is_let_in: true, why: 'let_in' });
    await interrupt({ is_let_in: false, why: 'signed_out' });
    expect(told).toBe(1);
    await interrupt({ is_let_in: false, why: 'link_expired' });
    expect(told).toBe(2);
  });

  it('takes the latest answer when two are under way', async () => {
    const server = new Server();
    server.given.set('a.py', ['read']);
    const model = new AccessModel(server.api, server);
    model.watch('a.py');
    const first = model.refresh();
    server.given.set('a.py', ['read', 'edit']);
    await Promise.all([first, model.refresh()]);
    expect(model.access('a.py')?.permissions).toEqual(['read', 'edit']);
  });

  it('calls people by the name that they go by here', async () => {
    const server = new Server();
    server.given.set('a.py', ['read']);
    const model = new AccessModel(server.api, server);
    model.watch('a.py');
    await model.load();
    const names = () =>
      model
        .access('a.py')
        ?.ranges.flatMap(range => range.holders.map(one => one.display_name));
    expect(names()).toEqual(['grace', 'Ada']);
    model.learnNames([
      ['grace', 'Grace Hopper'],
      ['ada', 'Another']
    ]);
    expect(names()).toEqual(['Grace Hopper', 'Ada']);
    await model.refresh();
    expect(names()).toEqual(['Grace Hopper', 'Ada']);
  });

  it('forgets what was only looked at when much else was', async () => {
    const server = new Server();
    const model = new AccessModel(server.api, server);
    Array.from({ length: 40 }, (_, index) => model.peek(`f${index}`));
    server.asked = [];
    await model.refresh();
    expect(server.asked.length).toBeLessThan(20);
    expect(server.asked).toContain('f39');
  });
});
