import { ISignal, Signal } from '@lumino/signaling';
import type * as Y from 'yjs';

const PREFIX = 'codesyncx.reaction';

/** What one can react with, in the order of the picker. */
export const EMOJI: readonly string[] = [
  '👍',
  '❤️',
  '😄',
  '🎉',
  '👀',
  '🚀',
  '✅',
  '❓'
];

/** One emoji under a message and who chose it. */
export interface IReaction {
  emoji: string;
  usernames: string[];
}

/**
 * The reactions of one chat. Each is an entry of its own in the chat's metadata, so that two people
 * who react at once don't overwrite each other; the server lets people write their own only.
 */
export class Reactions {
  constructor(doc: Y.Doc) {
    this._metadata = doc.getMap('metadata');
    for (const key of this._metadata.keys()) {
      this._take(key);
    }
    this._metadata.observe(this._onChange);
  }

  /** The message whose reactions changed. */
  get changed(): ISignal<this, string> {
    return this._changed;
  }

  of(messageId: string): IReaction[] {
    const found = this._byMessage.get(messageId);
    if (!found) {
      return [];
    }
    return Array.from(found, ([emoji, usernames]) => ({
      emoji,
      usernames: Array.from(usernames).sort()
    })).filter(reaction => reaction.usernames.length > 0);
  }

  /** Add one's reaction, or take it back. */
  toggle(messageId: string, username: string, emoji: string): void {
    const key = reactionKey(messageId, username, emoji);
    if (this._metadata.has(key)) {
      this._metadata.delete(key);
    } else {
      this._metadata.set(key, true);
    }
  }

  private readonly _onChange = (event: { keysChanged: Set<string> }): void => {
    const touched = new Set<string>();
    event.keysChanged.forEach(key => {
      const messageId = this._take(key);
      if (messageId !== null) {
        touched.add(messageId);
      }
    });
    touched.forEach(messageId => this._changed.emit(messageId));
  };

  private _take(key: string): string | null {
    const parts = parseReactionKey(key);
    if (!parts) {
      return null;
    }
    const [messageId, username, emoji] = parts;
    const emojis =
      this._byMessage.get(messageId) ?? new Map<string, Set<string>>();
    const usernames = emojis.get(emoji) ?? new Set<string>();
    if (this._metadata.has(key)) {
      usernames.add(username);
    } else {
      usernames.delete(username);
    }
    emojis.set(emoji, usernames);
    this._byMessage.set(messageId, emojis);
    return messageId;
  }

  private readonly _metadata: Y.Map<unknown>;
  private readonly _byMessage = new Map<string, Map<string, Set<string>>>();
  private readonly _changed = new Signal<this, string>(this);
}

/** The key of one person's reaction; the server reads it the same way. */
export function reactionKey(
  messageId: string,
  username: string,
  emoji: string
): string {
  return [PREFIX, ...[messageId, username, emoji].map(encodeURIComponent)].join(
    '/'
  );
}

export function parseReactionKey(key: string): [string, string, string] | null {
  const [prefix, ...parts] = key.split('/');
  if (prefix !== PREFIX || parts.length !== 3) {
    return null;
  }
  try {
    const [messageId, username, emoji] = parts.map(decodeURIComponent);
    return [messageId, username, emoji];
  } catch (error) {
    if (error instanceof URIError) {
      return null;
    }
    throw error;
  }
}

const known = new WeakMap<Y.Doc, Reactions>();

/** The one {@link Reactions} of a document. */
export function reactionsOf(doc: Y.Doc): Reactions {
  const found = known.get(doc) ?? new Reactions(doc);
  known.set(doc, found);
  return found;
}
