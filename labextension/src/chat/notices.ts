import { TranslationBundle } from '@jupyterlab/translation';

import { IMessageNotice } from './channels';

/** For which messages the desktop tells. */
export type NoticeLevel = 'off' | 'mentions' | 'all';

export interface INoticesOptions {
  level: () => NoticeLevel;
  username: () => string;
  isHidden: () => boolean;
  trans: TranslationBundle;
  open: (path: string, messageId: string) => void;
}

/** Whether a message is worth a notification. */
export function isWorthTelling(
  notice: IMessageNotice,
  level: NoticeLevel,
  username: string
): boolean {
  if (level === 'off' || notice.sender === username) {
    return false;
  }
  return level === 'all' || notice.mentions.includes(username);
}

/** Tell of a message on the desktop, when the person asked for it and isn't looking. */
export function notify(notice: IMessageNotice, options: INoticesOptions): void {
  if (
    !options.isHidden() ||
    !('Notification' in window) ||
    window.Notification.permission !== 'granted' ||
    !isWorthTelling(notice, options.level(), options.username())
  ) {
    return;
  }
  const title = options.trans.__(
    '%1 in %2',
    notice.sender_name,
    notice.channel
  );
  const shown = new window.Notification(title, {
    body: notice.excerpt,
    // One notification a channel: a newer one takes the place of the last.
    tag: `codesyncx-chat:${notice.path}`
  });
  shown.onclick = () => {
    window.focus();
    options.open(notice.path, notice.message_id);
    shown.close();
  };
}
