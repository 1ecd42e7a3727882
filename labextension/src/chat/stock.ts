/**
 * The parts of jupyterlab-chat that the panel builds on.
 *
 * `@jupyter/chat` is shared at run time by the installed jupyterlab-chat extension; its newest
 * release isn't on npm, so what is used of it is declared here and nothing of it is bundled.
 */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { IThemeManager } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { JSONObject, ReadonlyJSONObject, Token } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import type { Doc } from 'yjs';

export interface IChatUser {
  username: string;
  name?: string;
  display_name?: string;
  initials?: string;
  color?: string;
  avatar_url?: string;
  mention_name?: string;
  bot?: boolean;
}

export interface IChatAttachment {
  type: string;
  value: string;
  mimetype?: string;
}

export interface IChatMessage {
  id: string;
  body: string;
  time: number;
  sender: IChatUser;
  attachments?: IChatAttachment[];
  mentions?: IChatUser[];
  metadata?: JSONObject;
  deleted?: boolean;
}

export interface INewChatMessage {
  body: string;
  attachments?: IChatAttachment[];
  mentions?: IChatUser[];
  metadata?: JSONObject;
}

interface IChatContext {
  readonly users: IChatUser[];
}

export interface IChatInput {
  value: string;
  send: (body: string) => void;
  chatContext?: IChatContext;
  readonly valueChanged: ISignal<unknown, string>;
  readonly metadataChanged?: ISignal<unknown, unknown>;
  focus(): void;
  addAttachment?(attachment: IChatAttachment): void;
  getMetadata(): JSONObject;
  updateMetadata(patch: JSONObject): void;
  clearMetadata(): void;
}

export interface IChatMessageModel extends IChatMessage {
  readonly content: IChatMessage;
}

export interface IChatModel extends IDisposable {
  name: string;
  config: ReadonlyJSONObject;
  unreadMessages: number[];
  lastRead: number;
  readonly ready: Promise<void>;
  readonly user: IChatUser;
  readonly input: IChatInput;
  readonly messages: IChatMessageModel[];
  readonly messagesUpdated: ISignal<unknown, void>;
  readonly sharedModel: { readonly ydoc: Doc };
  createChatContext(): IChatContext;
  sendMessage(message: INewChatMessage): string | null;
  markDocumentSynced(): void;
}

export interface IMessagePart {
  model: IChatModel;
  message: IChatMessage;
}

interface IPreambleRegistry {
  addComponent(
    component: (props: IMessagePart) => React.JSX.Element | null
  ): void;
}

interface IFooterRegistry {
  addSection(section: {
    component: React.FC<IMessagePart>;
    position: 'left' | 'center' | 'right';
  }): void;
}

interface IInputToolbarFactory {
  create(): unknown;
}

interface IAttachmentOpeners {
  set(
    type: string,
    open: (attachment: IChatAttachment) => void | Promise<void>
  ): void;
}

interface IChatWidgetOptions {
  model: IChatModel;
  rmRegistry: IRenderMimeRegistry;
  themeManager: IThemeManager | null;
  translator: ITranslator;
  chatCommandRegistry: unknown;
  attachmentOpenerRegistry: unknown;
  inputToolbarRegistry: unknown;
  messageFooterRegistry: unknown;
  messagePreambleRegistry: unknown;
  area: 'sidebar';
}

interface IStockModule {
  ChatWidget: new (options: IChatWidgetOptions) => Widget;
  IAttachmentOpenerRegistry: Token<IAttachmentOpeners>;
  IChatCommandRegistry: Token<unknown>;
  IInputToolbarRegistryFactory: Token<IInputToolbarFactory>;
  IMessageFooterRegistry: Token<IFooterRegistry>;
  IMessagePreambleRegistry: Token<IPreambleRegistry>;
}

/** jupyterlab-chat as installed, with the registries it provides. */
export interface IStockChat {
  readonly openers: IAttachmentOpeners | null;
  readonly footers: IFooterRegistry | null;
  readonly preambles: IPreambleRegistry | null;

  /** The chat widget that jupyterlab-chat itself would show. */
  createWidget(model: IChatModel): Widget;
}

/** Find jupyterlab-chat; throws when the extension isn't there or has another shape. */
export async function loadStockChat(
  app: JupyterFrontEnd,
  options: {
    rendermime: IRenderMimeRegistry;
    themes: IThemeManager | null;
    translator: ITranslator;
  }
): Promise<IStockChat> {
  const stock = (await import('@jupyter/chat')) as unknown as IStockModule;
  const [commands, openers, toolbars, footers, preambles] = await Promise.all([
    app.resolveOptionalService(stock.IChatCommandRegistry),
    app.resolveOptionalService(stock.IAttachmentOpenerRegistry),
    app.resolveOptionalService(stock.IInputToolbarRegistryFactory),
    app.resolveOptionalService(stock.IMessageFooterRegistry),
    app.resolveOptionalService(stock.IMessagePreambleRegistry)
  ]);
  return {
    openers,
    footers,
    preambles,
    createWidget: model =>
      new stock.ChatWidget({
        model,
        rmRegistry: options.rendermime,
        themeManager: options.themes,
        translator: options.translator,
        chatCommandRegistry: commands ?? undefined,
        attachmentOpenerRegistry: openers ?? undefined,
        inputToolbarRegistry: toolbars?.create(),
        messageFooterRegistry: footers ?? undefined,
        messagePreambleRegistry: preambles ?? undefined,
        area: 'sidebar'
      })
  };
}
