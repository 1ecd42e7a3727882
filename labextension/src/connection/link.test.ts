import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyAwarenessUpdate, Awareness } from 'y-protocols/awareness';
import * as sync from 'y-protocols/sync';
import * as Y from 'yjs';

import { IDraft } from './draft';
import { DocumentLink, ILinkOptions, IRestart } from './link';
import { IndexedDBStore, IStoredCopy, IStoredEdits } from './offline-store';
import { sendAwareness } from './protocol';
import { ISession, SessionError } from './session';

/** Node's; the fake clock leaves it alone. */
declare function setImmediate(callback: () => void): void;

const LATENCY_MS = 4;

/** The browser's end of a line to {@link TestServer}. */
class TestSocket {
  binaryType = 'blob';
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(
    private readonly server: TestServer,
    readonly page: string,
    readonly session: ISession
  ) {
    server.later(() => server.accept(this));
  }

  send(data: Uint8Array): void {
    if (this.readyState === 1) {
      const copy = data.slice();
      this.server.later(() => this.server.receive(this, copy));
    }
  }

  close(): void {
    this.readyState = 2;
    this.server.later(() => this.end(1000, ''));
  }

  /** From the server. */
  deliver(data: Uint8Array): void {
    const copy = data.slice().buffer;
    this.server.later(() => {
      if (this.readyState === 1) {
        this.onmessage?.({ data: copy });
      }
    });
  }

  end(code: number, reason: string): void {
    if (this.readyState === 3) {
      return;
    }
    this.readyState = 3;
    this.server.sockets.delete(this);
    setTimeout(() => this.onclose?.({ code, reason }), 0);
  }
}

/** A server with a durable log: what it acknowledged outlives its restart. */
class TestServer {
  readonly sockets = new Set<TestSocket>();
  readonly awareness = new Awareness(new Y.Doc());
  updates = 0;
  saves = 0;
  foreignAwareness = 0;
  refuse = false;

  constructor(text: string) {
    this.awareness.setLocalState(null);
    this.replace(text);
  }

  get text(): string {
    return this.doc.getText('source').toJSON();
  }

  /** What a server that can't write the document's file tells in the document. */
  tellSaveProblem(problem: string | null): void {
    this.doc.getMap('state').set('save_problem', problem);
  }

  /** Another beginning of the document. */
  replace(text: string): void {
    this.doc = new Y.Doc();
    this.doc.getText('source').insert(0, text);
    this.lineage = `lineage-${ids++}`;
    this.watch();
  }

  down(): void {
    this.isUp = false;
    [...this.sockets].forEach(socket => socket.end(1006, ''));
  }

  up(): void {
    this.isUp = true;
  }

  restart(): void {
    const log = Y.encodeStateAsUpdate(this.doc);
    this.down();
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, log);
    this.watch();
    this.up();
  }

  cut(page: string): void {
    [...this.sockets]
      .filter(socket => socket.page === page)
      .forEach(socket => socket.end(1006, ''));
  }

  /** As SIGSTOP: lines stay open, nothing moves. */
  freeze(): void {
    this.frozen = [];
  }

  thaw(): void {
    const waiting = this.frozen ?? [];
    this.frozen = null;
    waiting.forEach(work => work());
  }

  dropFrozen(): void {
    this.frozen = null;
  }

  later(work: () => void): void {
    setTimeout(() => {
      if (this.frozen) {
        this.frozen.push(work);
      } else {
        work();
      }
    }, LATENCY_MS);
  }

  openSession(): Promise<ISession> {
    return new Promise((resolve, reject) => {
      this.later(() =>
        this.isUp
          ? resolve({ room: 'file:text:1', lineage: this.lineage })
          : reject(new TypeError('Failed to fetch'))
      );
    });
  }

  connect(page: string, session: ISession): TestSocket {
    return new TestSocket(this, page, session);
  }

  accept(socket: TestSocket): void {
    if (!this.isUp || socket.readyState === 3) {
      socket.end(1006, '');
      return;
    }
    socket.readyState = 1;
    if (socket.session.lineage !== this.lineage) {
      socket.end(4409, '{"code": "lineage_changed", "message": ""}');
      return;
    }
    this.sockets.add(socket);
    socket.onopen?.();
    socket.deliver(
      syncFrame(encoder => sync.writeSyncStep1(encoder, this.doc))
    );
  }

  receive(socket: TestSocket, data: Uint8Array): void {
    if (!this.sockets.has(socket)) {
      return;
    }
    const decoder = decoding.createDecoder(data);
    switch (decoding.readVarUint(decoder)) {
      case 0:
        this.receiveSync(socket, decoder, data);
        break;
      case 1:
        this.receiveAwareness(socket, decoding.readVarUint8Array(decoder));
        break;
      case 2: {
        decoding.readVarString(decoder);
        this.saves += 1;
        const responseTo = decoding.readVarUint(decoder);
        const answer = { type: 'save', responseTo, status: 'success' };
        socket.deliver(
          encoding.encode(encoder => {
            encoding.writeVarUint(encoder, 2);
            encoding.writeVarString(encoder, JSON.stringify(answer));
          })
        );
      }
    }
  }

  private receiveSync(
    socket: TestSocket,
    decoder: decoding.Decoder,
    data: Uint8Array
  ): void {
    if (data[1] !== 0) {
      this.updates += 1;
      if (this.refuse) {
        socket.end(
          4403,
          '{"code": "refused", "message": "Lines 1 to 3 are locked"}'
        );
        return;
      }
    }
    const answer = syncFrame(encoder => {
      sync.readSyncMessage(decoder, encoder, this.doc, socket);
    });
    if (answer.length > 1) {
      socket.deliver(answer);
    }
    // No honest client sends what depends on something that it hasn't sent.
    expect(this.doc.store.pendingStructs).toBeNull();
  }

  private receiveAwareness(socket: TestSocket, update: Uint8Array): void {
    const decoder = decoding.createDecoder(update);
    if (decoding.readVarUint(decoder) !== 1) {
      this.foreignAwareness += 1;
    }
    applyAwarenessUpdate(this.awareness, update, socket);
    for (const other of this.sockets) {
      if (other !== socket) {
        other.deliver(sendAwareness(update));
      }
    }
  }

  private watch(): void {
    this.doc.on('update', (update: Uint8Array) => {
      const frame = syncFrame(encoder => sync.writeUpdate(encoder, update));
      this.sockets.forEach(socket => socket.deliver(frame));
    });
  }

  private doc = new Y.Doc();
  private lineage = '';
  private isUp = true;
  private frozen: (() => void)[] | null = null;
}

function syncFrame(write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, 0);
    write(encoder);
  });
}

/** The store of a page that can crash: from then on it writes nothing. */
class PageStore extends IndexedDBStore {
  isGone = false;

  override putEdits(edits: IStoredEdits): Promise<void> {
    return this.isGone ? new Promise(() => undefined) : super.putEdits(edits);
  }

  override putCopy(copy: IStoredCopy): Promise<void> {
    return this.isGone ? new Promise(() => undefined) : super.putCopy(copy);
  }
}

let server: TestServer;
let factory: IDBFactory;
let links: DocumentLink[];
let ids = 0;

interface IPage {
  doc: Y.Doc;
  awareness: Awareness;
  link: DocumentLink;
  text: Y.Text;
  restarts: IRestart[];
  isLoaded: () => boolean;
  name: string;
  store: PageStore;
}

/** A person's tab with the document open. */
function open(name = 'ada', options: Partial<ILinkOptions> = {}): IPage {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const store = new PageStore(factory);
  const link = new DocumentLink({
    doc,
    awareness,
    contentType: 'file',
    openSession: () => server.openSession(),
    openSocket: session =>
      server.connect(name, session) as unknown as WebSocket,
    store,
    storeKey: room => `${name}/${room}`,
    path: () => 'a.py',
    isOwnerAlive: owner =>
      Promise.resolve(links.some(one => one.id === owner && !one.isDisposed)),
    newId: () => `id-${ids++}`,
    now: () => Date.now(),
    random: () => 0.5,
    ...options
  });
  links.push(link);
  // Keeps what is deleted, as JupyterLab's does.
  new Y.UndoManager(doc.getText('source'));
  let isLoaded = false;
  link.ready.then(
    () => (isLoaded = true),
    () => undefined
  );
  const restarts: IRestart[] = [];
  link.restarting.connect((_, restart) => restarts.push(restart));
  return {
    doc,
    awareness,
    link,
    text: doc.getText('source'),
    restarts,
    isLoaded: () => isLoaded,
    name,
    store
  };
}

/** As a tab that is reloaded or crashes: nothing is said to anyone. */
function crash({ link, doc, name, store }: IPage): void {
  store.isGone = true;
  server.cut(name);
  link.dispose();
  doc.destroy();
}

/** Let time go by in steps, with turns of the real loop between for IndexedDB. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5) {
    await vi.advanceTimersByTimeAsync(Math.min(5, left));
    for (let turn = 0; turn < 3; turn++) {
      await new Promise<void>(resolve => setImmediate(resolve));
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      'setTimeout',
      'setInterval',
      'clearTimeout',
      'clearInterval',
      'Date'
    ]
  });
  server = new TestServer('def f():\n    pass\n');
  factory = new IDBFactory();
  links = [];
});

afterEach(() => {
  links.forEach(link => link.dispose());
  vi.useRealTimers();
});

describe('DocumentLink', () => {
  it('loads the document and says it is live', async () => {
    const page = open();
    await pass(100);
    await page.link.ready;
    expect(page.text.toJSON()).toBe(server.text);
    expect(page.link.status.state).toBe('live');
  });

  it('sends what is typed within one batch as one frame, and says so when it is acknowledged', async () => {
    const page = open();
    await pass(100);
    const before = server.updates;
    page.text.insert(0, 'a');
    page.text.insert(1, 'b');
    await pass(30);
    expect(server.updates).toBe(before + 1);
    await pass(10);
    expect(page.link.status).toMatchObject({
      state: 'saved',
      hasUnsent: false
    });
    await pass(5_000);
    expect(page.link.status.state).toBe('live');
  });

  it('says saving while the acknowledgement is out, then offline when nobody answers', async () => {
    const page = open();
    await pass(100);
    server.freeze();
    page.text.insert(0, 'a');
    await pass(1_000);
    expect(page.link.status.state).toBe('saving');
    await pass(3_000);
    expect(page.link.status).toMatchObject({
      state: 'offline',
      hasUnsent: true
    });
    server.thaw();
    await pass(20_000);
    expect(page.link.status).toMatchObject({ state: 'live', hasUnsent: false });
    expect(server.text).toBe('adef f():\n    pass\n');
  });

  it('says why the file cannot be saved until it can', async () => {
    const page = open();
    await pass(100);
    server.tellSaveProblem('The disk is full.');
    await pass(100);
    expect(page.link.status).toMatchObject({
      state: 'unsaved',
      message: 'The disk is full.'
    });
    page.text.insert(0, 'more ');
    await pass(100);
    expect(page.link.status.state).toBe('unsaved');
    server.down();
    await pass(100);
    expect(page.link.status).toMatchObject({ state: 'offline', message: '' });
    server.up();
    await pass(60_000);
    expect(page.link.status.state).toBe('unsaved');
    server.tellSaveProblem(null);
    await pass(100);
    expect(page.link.status).toMatchObject({ state: 'live', message: '' });
  });

  it('merges what was typed without a server', async () => {
    const [ada, bob] = [open('ada'), open('bob')];
    await pass(100);
    server.down();
    await pass(500);
    ada.text.insert(0, '# ada\n');
    bob.text.insert(bob.text.length, '# bob\n');
    await pass(500);
    expect(ada.link.status.state).toBe('offline');
    server.up();
    await pass(20_000);
    expect(server.text).toBe('# ada\ndef f():\n    pass\n# bob\n');
    expect(ada.text.toJSON()).toBe(server.text);
    expect(bob.text.toJSON()).toBe(server.text);
  });

  it('keeps unsent edits over a reload, once', async () => {
    const page = open();
    await pass(100);
    server.down();
    page.text.insert(0, '# offline\n');
    page.text.delete(page.text.length - 1, 1);
    await pass(1_000);
    crash(page);
    server.up();
    const again = open();
    await pass(1_000);
    expect(server.text).toBe('# offline\ndef f():\n    pass');
    expect(again.text.toJSON()).toBe(server.text);
    expect(again.link.status.hasUnsent).toBe(false);
    const third = open();
    await pass(1_000);
    expect(third.text.toJSON()).toBe('# offline\ndef f():\n    pass');
    expect(await new IndexedDBStore(factory).edits('ada/file:text:1')).toEqual(
      []
    );
  });

  function addCell(doc: Y.Doc, id: string, source: string): void {
    const cell = new Y.Map<unknown>([
      ['id', id],
      ['source', new Y.Text(source)]
    ]);
    doc.getArray('cells').push([cell]);
  }

  function sourceOf(doc: Y.Doc, index: number): Y.Text {
    const cell = doc.getArray<Y.Map<unknown>>('cells').get(index);
    return cell.get('source') as Y.Text;
  }

  /** Ada without a line, while others go on. */
  function openNotebook(): { ada: IPage; lose: () => void; find: () => void } {
    let isLost = false;
    const ada = open('ada', {
      contentType: 'notebook',
      openSession: () =>
        isLost ? Promise.reject(new Error('no line')) : server.openSession()
    });
    const lose = () => {
      isLost = true;
      server.cut('ada');
    };
    return { ada, lose, find: () => (isLost = false) };
  }

  it.each([false, true])(
    'keeps what was typed offline in a cell that others removed (after a reload: %s)',
    async isReloaded => {
      const { ada, lose, find } = openNotebook();
      const bob = open('bob', { contentType: 'notebook' });
      await pass(100);
      addCell(bob.doc, 'one', 'a = 1');
      addCell(bob.doc, 'two', 'b = 1');
      await pass(200);

      const drafts: IDraft[] = [];
      ada.link.leftOut.connect((_, draft) => drafts.push(draft));
      lose();
      await pass(100);
      sourceOf(ada.doc, 0).insert(5, '0 # offline');
      sourceOf(ada.doc, 1).insert(5, '2');
      bob.doc.getArray('cells').delete(0);
      await pass(2_000);
      let page = ada;
      if (isReloaded) {
        crash(ada);
        page = open('ada', { contentType: 'notebook' });
        page.link.leftOut.connect((_, draft) => drafts.push(draft));
      }
      find();
      page.link.reconnectNow();
      await pass(2_000);

      expect(sourceOf(page.doc, 0).toJSON()).toBe('b = 12');
      expect(sourceOf(bob.doc, 0).toJSON()).toBe('b = 12');
      expect(drafts).toHaveLength(1);
      expect(drafts[0].code).toBe('cell_removed');
      expect(drafts[0].parts).toEqual([
        { key: 'one', label: '[1]', base: 'a = 1', mine: 'a = 10 # offline' }
      ]);
      const store = new IndexedDBStore(factory);
      expect(await store.drafts('ada/file:text:1')).toEqual(drafts);
      expect(await store.edits('ada/file:text:1')).toEqual([]);
    }
  );

  it('keeps a long time offline in one piece', async () => {
    const page = open();
    await pass(100);
    server.down();
    await pass(100);
    for (let index = 0; index < 230; index++) {
      page.text.insert(0, 'x');
      await pass(25);
    }
    await pass(2_000);
    const store = new IndexedDBStore(factory);
    expect((await store.edits('ada/file:text:1')).length).toBeLessThan(60);
    crash(page);
    server.up();
    open();
    await pass(1_000);
    expect(server.text).toBe(`${'x'.repeat(230)}def f():\n    pass\n`);
    expect(await store.edits('ada/file:text:1')).toEqual([]);
  });

  it('leaves the edits of another open tab to that tab', async () => {
    const first = open();
    await pass(100);
    server.freeze();
    first.text.insert(0, 'x');
    await pass(2_000);
    server.dropFrozen();
    const second = open();
    await pass(100);
    expect(second.text.toJSON()).toBe('def f():\n    pass\n');
    expect(
      await new IndexedDBStore(factory).edits('ada/file:text:1')
    ).toHaveLength(1);
  });

  it('makes a draft of edits that another lineage cannot take', async () => {
    const page = open();
    await pass(100);
    server.down();
    await pass(500);
    page.text.insert(0, '# mine\n');
    await pass(1_000);
    server.replace('something else\n');
    server.up();
    await pass(20_000);
    expect(server.text).toBe('something else\n');
    expect(page.restarts).toHaveLength(1);
    expect(page.restarts[0].draft).toMatchObject({
      code: 'lineage_changed',
      parts: [
        { base: 'def f():\n    pass\n', mine: '# mine\ndef f():\n    pass\n' }
      ]
    });
    expect(page.link.status.state).toBe('refused');
  });

  it('makes that draft after a reload as well', async () => {
    const page = open();
    await pass(100);
    server.down();
    await pass(500);
    page.text.insert(0, '# mine\n');
    page.text.delete(page.text.length - 5, 4);
    await pass(1_000);
    crash(page);
    server.replace('something else\n');
    server.up();
    const again = open();
    await pass(1_000);
    expect(again.text.toJSON()).toBe('something else\n');
    const store = new IndexedDBStore(factory);
    expect(await store.drafts('ada/file:text:1')).toMatchObject([
      {
        parts: [
          { base: 'def f():\n    pass\n', mine: '# mine\ndef f():\n    \n' }
        ]
      }
    ]);
    expect(await store.edits('ada/file:text:1')).toEqual([]);
    expect(await store.copies('ada/file:text:1')).toEqual([]);
  });

  it('keeps a refused edit as a draft, with the reason', async () => {
    const page = open();
    await pass(100);
    server.refuse = true;
    page.text.insert(0, 'no');
    await pass(100);
    expect(page.restarts[0]).toMatchObject({
      verdict: { code: 'refused', message: 'Lines 1 to 3 are locked' },
      draft: {
        message: 'Lines 1 to 3 are locked',
        parts: [{ mine: 'nodef f():\n    pass\n' }]
      }
    });
    expect(server.text).toBe('def f():\n    pass\n');
  });

  it('puts what was typed before the closing into the draft too', async () => {
    const page = open();
    await pass(100);
    server.refuse = true;
    page.text.insert(0, 'no');
    await pass(100);
    page.text.insert(2, '!');
    page.link.dispose();
    await pass(100);
    expect(
      await new IndexedDBStore(factory).drafts('ada/file:text:1')
    ).toMatchObject([{ parts: [{ mine: 'no!def f():\n    pass\n' }] }]);
  });

  it('saves once the line is back instead of failing', async () => {
    const page = open();
    await pass(100);
    server.down();
    await pass(100);
    let isSaved = false;
    const save = page.link.save().then(() => (isSaved = true));
    await pass(2_000);
    expect(isSaved).toBe(false);
    server.up();
    await pass(20_000);
    await save;
    expect(server.saves).toBe(1);
  });

  it('tells its own awareness only', async () => {
    const [ada, bob] = [open('ada'), open('bob')];
    await pass(100);
    ada.awareness.setLocalState({ user: { username: 'ada' } });
    await pass(100);
    expect(bob.awareness.getStates().get(ada.doc.clientID)).toEqual({
      user: { username: 'ada' }
    });
    expect(server.foreignAwareness).toBe(0);
    ada.link.dispose();
    await pass(100);
    expect(bob.awareness.getStates().has(ada.doc.clientID)).toBe(false);
  });

  it('says that edits are only in this tab when the browser keeps nothing', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const store = new IndexedDBStore(factory);
    store.putEdits = () => Promise.reject(new Error('quota'));
    const page = open('ada', { store });
    await pass(100);
    server.down();
    page.text.insert(0, 'x');
    await pass(500);
    expect(page.link.status.hasUnkept).toBe(true);
    server.up();
    await pass(20_000);
    expect(page.link.status.hasUnkept).toBe(false);
    warn.mockRestore();
  });

  it('rejects a document that does not exist', async () => {
    const page = open('ada', {
      openSession: () => Promise.reject(new SessionMissing())
    });
    await pass(100);
    await expect(page.link.ready).rejects.toThrow('No such file');
  });
});

class SessionMissing extends SessionError {
  constructor() {
    super(404, 'No such file');
  }
}

describe('random lives', () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

  it.each(seeds)('lose and double nothing (seed %i)', async seed => {
    const random = randomFrom(seed);
    const pick = (count: number) => Math.floor(random() * count);
    server = new TestServer('start\n');
    const people = ['ada', 'bob', 'eve'];
    const pages = people.map(name => open(name, { random }));
    await pass(100);
    const typed: string[] = [];
    for (let step = 0; step < 120; step++) {
      const who = pick(people.length);
      const page = pages[who];
      switch (pick(9)) {
        case 0:
          server.down();
          break;
        case 1:
          server.up();
          break;
        case 2:
          server.restart();
          break;
        case 3:
          server.cut(page.name);
          break;
        case 4:
          await pass(300);
          crash(page);
          pages[who] = open(people[who], { random });
          break;
        default: {
          // Only into a loaded document, as a person does.
          if (!page.isLoaded()) {
            break;
          }
          const word = `<${people[who]}${step}é😀>`;
          page.text.insert(
            wholeCharacter(page.text.toJSON(), pick(page.text.length + 1)),
            word
          );
          typed.push(word);
          if (random() < 0.3) {
            page.doc.transact(() => {
              page.text.insert(0, 'gone');
              page.text.delete(0, 4);
            });
          }
        }
      }
      await pass(pick(400));
    }
    server.up();
    await pass(60_000);
    for (const page of pages) {
      expect(page.text.toJSON()).toBe(server.text);
      expect(page.link.status).toMatchObject({
        state: 'live',
        hasUnsent: false
      });
    }
    // Words may be typed into each other: every character of each is there once.
    expect(countCharacters(server.text)).toEqual(
      countCharacters(`start\n${typed.join('')}`)
    );
  });
});

/** The position, or the one before when it is amid a surrogate pair. */
function wholeCharacter(text: string, position: number): number {
  return /^[\uDC00-\uDFFF]/.test(text.slice(position))
    ? position - 1
    : position;
}

function countCharacters(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const unit of text.split('')) {
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  return counts;
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
