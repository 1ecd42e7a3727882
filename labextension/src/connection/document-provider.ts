import { IDocumentProvider } from '@jupyter/collaborative-drive';
import {
  IDocumentProviderFactory,
  IForkProvider,
  requestDocSession
} from '@jupyter/docprovider';
import { DocumentChange, YDocument } from '@jupyter/ydoc';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, User } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { DocumentLink } from './link';
import { IOfflineStore } from './offline-store';
import { PageLocks } from './page-locks';
import { ISession, SessionError } from './session';

const ROOM_URL = 'api/collaboration/room';

/** Keeps one JupyterLab document in sync with the server. */
export class DocumentProvider implements IDocumentProvider, IForkProvider {
  constructor(
    options: IDocumentProviderFactory.IOptions,
    store: IOfflineStore,
    locks: PageLocks
  ) {
    this.model = options.model;
    this.contentType = options.contentType;
    this.format = options.format;
    this.user = options.user;
    this.settings = options.serverSettings ?? ServerConnection.makeSettings();
    this.roomsUrl = options.url ?? URLExt.join(this.settings.wsUrl, ROOM_URL);
    this._path = options.path;
    this.model.changed.connect(this.onModelChanged);
    this.user.userChanged.connect(this.showUser);
    this.link = new DocumentLink({
      doc: this.model.ydoc,
      awareness: this.model.awareness,
      contentType: this.contentType,
      openSession: () => this.openSession(),
      openSocket: session => this.openSocket(session),
      store,
      storeKey: room => this.nameInStore(room),
      path: () => this._path,
      isOwnerAlive: owner => locks.isHeld(owner),
      newId: () => UUID.uuid4(),
      now: () => Date.now()
    });
    this.release = locks.hold(this.link.id);
    this.ready = this.load();
    // The content provider hears of a failure when it waits for the document.
    this.ready.catch(() => undefined);
    this.user.ready.then(
      () => this.showUser(),
      (error: unknown) => console.error(error)
    );
  }

  readonly model: YDocument<DocumentChange>;
  readonly contentType: string;
  readonly format: string;
  readonly link: DocumentLink;
  readonly ready: Promise<void>;

  get path(): string {
    return this._path;
  }

  /** The document's name in the offline store, once the server has told its room. */
  get storeKey(): string | null {
    return this.link.room === null ? null : this.nameInStore(this.link.room);
  }

  get isDisposed(): boolean {
    return this.link.isDisposed;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.user.userChanged.disconnect(this.showUser);
    this.link.dispose();
    this.release();
    Signal.clearData(this);
  }

  save(): Promise<void> {
    return this.link.save();
  }

  reconnect(): Promise<void> {
    return this.link.reconnect();
  }

  connectToForkDoc(room: string, sessionId: string): Promise<void> {
    return this.link.visit({ room, lineage: sessionId });
  }

  private async load(): Promise<void> {
    // The person's name is part of where their edits are kept.
    await this.link.ready;
    const state = this.model.ydoc.getMap('state');
    // The timeline finds the room by it. Viewers mustn't write what is there already.
    if (
      this.link.room !== null &&
      state.get('document_id') !== this.link.room
    ) {
      state.set('document_id', this.link.room);
    }
  }

  private async openSession(): Promise<ISession> {
    await this.user.ready;
    try {
      const session = await requestDocSession(
        this.format,
        this.contentType,
        this._path,
        this.settings
      );
      return {
        room: `${session.format}:${session.type}:${session.fileId}`,
        lineage: session.sessionId
      };
    } catch (error) {
      throw error instanceof ServerConnection.ResponseError
        ? new SessionError(error.response.status, error.message)
        : error;
    }
  }

  private openSocket({ room, lineage }: ISession): WebSocket {
    const { appendToken, token } = this.settings;
    const query = URLExt.objectToQueryString({
      sessionId: lineage,
      ...(appendToken && token ? { token } : {})
    });
    // The server takes the room from the address as it stands: its colons aren't to be encoded.
    return new this.settings.WebSocket(`${this.roomsUrl}/${room}${query}`);
  }

  private nameInStore(room: string): string {
    const person = this.user.identity?.username ?? '';
    return JSON.stringify([this.settings.baseUrl, person, room]);
  }

  private readonly showUser = (): void => {
    if (!this.isDisposed) {
      this.model.awareness.setLocalStateField('user', this.user.identity);
    }
  };

  /** The server tells a new path through the document when the file is renamed. */
  private readonly onModelChanged = (
    _model: unknown,
    change: DocumentChange
  ): void => {
    for (const { name, newValue } of change.stateChange ?? []) {
      if (name === 'path' && typeof newValue === 'string' && newValue) {
        this._path = newValue;
      }
    }
  };

  private _path: string;
  private readonly user: User.IManager;
  private readonly settings: ServerConnection.ISettings;
  private readonly roomsUrl: string;
  private readonly release: () => void;
}
