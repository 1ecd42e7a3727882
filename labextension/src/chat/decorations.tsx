import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ICodeLink, linkLabel, METADATA_KEY, readExtras } from './code-link';
import { EMOJI, IReaction, reactionsOf } from './reactions';
import { IChatMessage, IChatModel, IMessagePart, IStockChat } from './stock';

const IMAGES = /\.(png|jpe?g|gif|webp|avif|svg|bmp)$/i;
const EXCERPT_CHARS = 80;

export interface IDecorationsOptions {
  stock: IStockChat;
  trans: TranslationBundle;
  openLink: (link: ICodeLink) => void;
  openFile: (path: string) => void;
  imageUrl: (path: string) => Promise<string>;
  /** Scrolls to a message of the chat. */
  showMessage: (model: IChatModel, messageId: string) => void;
}

/** Show links, images, replies and reactions in every chat, through jupyterlab-chat's registries. */
export function decorateMessages(options: IDecorationsOptions): void {
  const { stock } = options;
  stock.preambles?.addComponent(part => (
    <Preamble {...part} options={options} />
  ));
  stock.footers?.addSection({
    position: 'left',
    component: part => <Footer {...part} options={options} />
  });
}

type Part = IMessagePart & { options: IDecorationsOptions };

function Preamble(props: Part): React.JSX.Element | null {
  const { message, model, options } = props;
  if (message.deleted) {
    return null;
  }
  const { links, replyTo } = readExtras(message.metadata);
  const images = (message.attachments ?? []).filter(attachment =>
    IMAGES.test(attachment.value)
  );
  if (!links.length && !replyTo && !images.length) {
    return null;
  }
  return (
    <div className="csx-chat-preamble">
      {replyTo && <Quote model={model} messageId={replyTo} options={options} />}
      {links.map((link, index) => (
        <button
          key={index}
          type="button"
          className="csx-chat-link"
          title={options.trans.__('Open %1 and show these lines', link.path)}
          onClick={() => options.openLink(link)}
        >
          {linkLabel(link)}
        </button>
      ))}
      {images.map(image => (
        <Image key={image.value} path={image.value} options={options} />
      ))}
    </div>
  );
}

function Quote(props: {
  model: IChatModel;
  messageId: string;
  options: IDecorationsOptions;
}): React.JSX.Element {
  const { model, messageId, options } = props;
  const parent = model.messages.find(message => message.id === messageId);
  const text =
    !parent || parent.deleted
      ? options.trans.__('a message that was deleted')
      : messageExcerpt(parent);
  return (
    <button
      type="button"
      className="csx-chat-quote"
      title={options.trans.__('Show the message this answers')}
      onClick={() => options.showMessage(model, messageId)}
    >
      ↩ {text}
    </button>
  );
}

function Image(props: {
  path: string;
  options: IDecorationsOptions;
}): React.JSX.Element | null {
  const { path, options } = props;
  const [url, setUrl] = React.useState<string | null>(null);
  React.useEffect(() => {
    let isCurrent = true;
    options
      .imageUrl(path)
      .then(found => {
        if (isCurrent) {
          setUrl(found);
        }
      })
      .catch((error: unknown) => {
        console.warn(`The picture ${path} can't be shown.`, error);
      });
    return () => {
      isCurrent = false;
    };
  }, [path]);
  const name = path.split('/').pop() ?? path;
  return url ? (
    <button
      type="button"
      className="csx-chat-image"
      title={options.trans.__('Open %1', name)}
      onClick={() => options.openFile(path)}
    >
      <img src={url} alt={name} loading="lazy" />
    </button>
  ) : null;
}

function Footer(props: Part): React.JSX.Element | null {
  const { message, model, options } = props;
  const reactions = reactionsOf(model.sharedModel.ydoc);
  const [shown, setShown] = React.useState<IReaction[]>(
    reactions.of(message.id)
  );
  const [isPicking, setPicking] = React.useState(false);
  React.useEffect(() => {
    const onChange = (_: unknown, messageId: string): void => {
      if (messageId === message.id) {
        setShown(reactions.of(messageId));
      }
    };
    setShown(reactions.of(message.id));
    reactions.changed.connect(onChange);
    return () => void reactions.changed.disconnect(onChange);
  }, [reactions, message.id]);
  if (message.deleted) {
    return null;
  }
  const me = model.user.username;
  const toggle = (emoji: string): void => {
    setPicking(false);
    reactions.toggle(message.id, me, emoji);
  };
  return (
    <div
      className="csx-chat-footer"
      role="group"
      aria-label={options.trans.__('Reactions')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          setPicking(false);
        }
      }}
    >
      {shown.map(({ emoji, usernames }) => (
        <button
          key={emoji}
          type="button"
          className="csx-chat-reaction"
          aria-pressed={usernames.includes(me)}
          aria-label={`${emoji} ${usernames.length}`}
          title={usernames.map(name => displayName(model, name)).join(', ')}
          onClick={() => toggle(emoji)}
        >
          {emoji} {usernames.length}
        </button>
      ))}
      <button
        type="button"
        className="csx-chat-action"
        aria-expanded={isPicking}
        aria-label={options.trans.__('React')}
        title={options.trans.__('React')}
        onClick={() => setPicking(!isPicking)}
      >
        ☺
      </button>
      <button
        type="button"
        className="csx-chat-action"
        aria-label={options.trans.__('Reply')}
        title={options.trans.__('Reply')}
        onClick={() => replyTo(model, message.id)}
      >
        ↩
      </button>
      {isPicking && (
        <span className="csx-chat-picker">
          {EMOJI.map(emoji => (
            <button
              key={emoji}
              type="button"
              aria-label={emoji}
              onClick={() => toggle(emoji)}
            >
              {emoji}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}

/** Let the next message answer this one. */
export function replyTo(model: IChatModel, messageId: string): void {
  model.input.updateMetadata({ [METADATA_KEY]: { reply_to: messageId } });
  model.input.focus();
}

/** Who said what, on one line. */
export function messageExcerpt(message: IChatMessage): string {
  const name = message.sender.display_name ?? message.sender.username;
  const text = message.body.replace(/\s+/g, ' ').trim();
  return `${name}: ${text.slice(0, EXCERPT_CHARS)}${text.length > EXCERPT_CHARS ? '…' : ''}`;
}

function displayName(model: IChatModel, username: string): string {
  const user = model.sharedModel.ydoc.getMap('users').get(username) as
    { display_name?: string } | undefined;
  return user?.display_name ?? username;
}
