import { ICollaborativeContentProvider } from '@jupyter/collaborative-drive';
import { JupyterFrontEnd } from '@jupyterlab/application';
import { PromiseDelegate } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';

import { createChannel, IPerson } from './api';
import { IChatModel, IChatUser, IStockChat } from './stock';

const FORMAT = 'text';
const CONTENT_TYPE = 'chat';
const MODEL_FACTORY = 'Chat';

interface IChatModelFactory {
  createNew(options: { sharedModel: unknown }): IChatModel;
}

export interface IRoomsOptions {
  app: JupyterFrontEnd;
  stock: IStockChat;
  drive: ICollaborativeContentProvider;
  people: () => readonly IPerson[];
}

/** One open channel: its model and the widget that shows it. */
export interface IRoom extends IDisposable {
  /** Where its file is; changes when that is renamed. */
  path: string;
  readonly model: IChatModel;
  readonly widget: Widget;
}

/** Opens channels with jupyterlab-chat's own model and widget. */
export class Rooms {
  constructor(private readonly _options: IRoomsOptions) {}

  /** Open the channel at `path`; resolves when its messages are there. */
  async open(path: string, mustCreate: boolean): Promise<IRoom> {
    if (mustCreate) {
      const name = path.replace(/^chats\//, '').replace(/\.chat$/, '');
      await createChannel(name, true);
    }
    const model = await this._createModel(path);
    const draft = this._drafts.get(path);
    if (draft) {
      model.input.value = draft;
    }
    forgetReplyOnceSent(model);
    this._offerPeople(model);
    const widget = this._options.stock.createWidget(model);
    const room = new Room(path, model, widget, this._drafts);
    await model.ready;
    model.input.chatContext = model.createChatContext();
    return room;
  }

  private async _createModel(path: string): Promise<IChatModel> {
    const { app, drive } = this._options;
    const factory = await this._modelFactory();
    const sharedModel = drive.sharedModelFactory.createNew({
      path,
      format: FORMAT,
      contentType: CONTENT_TYPE,
      collaborative: true
    });
    const model = factory.createNew({ sharedModel });
    model.name = path;
    model.config = { unreadNotifications: false };
    const localPath = app.serviceManager.contents.localPath(path);
    const provider = drive.providers.get(
      `${FORMAT}:${CONTENT_TYPE}:${localPath}`
    );
    provider?.ready
      .then(() => model.markDocumentSynced())
      .catch((error: unknown) => {
        console.error('The channel could not be loaded.', error);
      });
    return model;
  }

  private async _modelFactory(): Promise<IChatModelFactory> {
    const registry = this._options.app.docRegistry;
    const found = registry.getModelFactory(MODEL_FACTORY);
    if (found) {
      return found as unknown as IChatModelFactory;
    }
    const added = new PromiseDelegate<IChatModelFactory>();
    const look = (): void => {
      const factory = registry.getModelFactory(MODEL_FACTORY);
      if (factory) {
        registry.changed.disconnect(look);
        added.resolve(factory as unknown as IChatModelFactory);
      }
    };
    registry.changed.connect(look);
    return added.promise;
  }

  /** Let mentions complete to everyone in the project, not only to who is in the channel. */
  private _offerPeople(model: IChatModel): void {
    const people = this._options.people;
    const create = model.createChatContext.bind(model);
    // The widget asks anew for each input it shows, so the model itself has to answer differently.
    model.createChatContext = () => {
      const context = create();
      return Object.create(context, {
        users: {
          get: (): IChatUser[] => {
            const known = context.users;
            const names = new Set(known.map(user => user.username));
            const others = people().filter(each => !names.has(each.username));
            return [...known, ...others.map(toUser)];
          }
        }
      }) as typeof context;
    };
    model.input.chatContext = model.createChatContext();
  }

  private readonly _drafts = new Map<string, string>();
}

class Room implements IRoom {
  constructor(
    public path: string,
    readonly model: IChatModel,
    readonly widget: Widget,
    private readonly _drafts: Map<string, string>
  ) {}

  get isDisposed(): boolean {
    return this.widget.isDisposed;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._drafts.set(this.path, this.model.input.value);
    this.widget.dispose();
    this.model.dispose();
  }
}

function forgetReplyOnceSent(model: IChatModel): void {
  const send = model.input.send;
  model.input.send = body => {
    send(body);
    model.input.clearMetadata();
  };
}

function toUser(person: IPerson): IChatUser {
  return {
    username: person.username,
    name: person.name,
    display_name: person.display_name,
    initials: person.initials,
    color: person.color,
    avatar_url: person.avatar_url,
    mention_name: person.display_name.replace(/ /g, '-')
  };
}
