/** What a line's status is called, and what it means, in the person's words. */
import { TranslationBundle } from '@jupyterlab/translation';

import { ILinkStatus, LinkState } from './link-status';

export interface IWording {
  label: string;
  explanation: string;
}

export function wordStatus(
  { state, code, message, hasUnkept }: ILinkStatus,
  trans: TranslationBundle
): IWording {
  const wording: Record<LinkState, IWording> = {
    connecting: {
      label: trans.__('Connecting…'),
      explanation: trans.__('The document is being fetched.')
    },
    live: {
      label: trans.__('Live'),
      explanation: trans.__(
        'You see everybody’s edits as they happen, and they see yours.'
      )
    },
    saving: {
      label: trans.__('Saving…'),
      explanation: trans.__('Your latest edits are on their way to the server.')
    },
    saved: {
      label: trans.__('Saved'),
      explanation: trans.__('The server has all your edits.')
    },
    unsaved: {
      label: trans.__('Not saved to disk: %1', message),
      explanation: trans.__(
        'Your edits are safe on the server, but the file is not in step with them. The server keeps trying; click to try now.'
      )
    },
    offline: {
      label: trans.__('Offline'),
      explanation: explainOffline(code, trans)
    },
    refused: {
      label: trans.__('Refused'),
      explanation: explainRefusal(code, trans)
    }
  };
  const parts = [wording[state].explanation];
  if (message && (state === 'offline' || state === 'refused')) {
    parts.push(message);
  }
  if (hasUnkept) {
    parts.push(
      trans.__(
        'This browser can’t keep edits: leave this tab open until they are sent.'
      )
    );
  }
  return { label: wording[state].label, explanation: parts.join(' ') };
}

function explainOffline(code: string, trans: TranslationBundle): string {
  switch (code) {
    case 'signed_out':
      return trans.__(
        'You are signed out. Sign in again in another tab; your edits are kept on this computer and are sent then.'
      );
    case 'storage_failed':
      return trans.__(
        'The server can’t store edits right now. Yours are kept on this computer and are sent as soon as it can.'
      );
    case 'too_many':
      return trans.__(
        'The server has too many connections. Your edits are kept on this computer; trying again shortly.'
      );
    default:
      return trans.__(
        'No connection to the server. Keep typing: your edits are kept on this computer and are merged when it is back.'
      );
  }
}

/** Why a document can't take edits any more. */
export function explainRefusal(code: string, trans: TranslationBundle): string {
  switch (code) {
    case 'shut_out':
      return trans.__('You had no access to the project any more.');
    case 'lineage_changed':
      return trans.__(
        'The document was started over on the server, so your unsent edits can’t be merged by themselves.'
      );
    case 'cell_removed':
      return trans.__(
        'The cell was removed or moved before they were sent, so it doesn’t have them. “Insert” brings them back.'
      );
    case 'not_found':
      return trans.__(
        'The file is no longer on the server. The text in this tab is still yours to copy.'
      );
    case 'too_large':
      return trans.__('The edit is larger than the server takes.');
    case 'version_mismatch':
      return trans.__('The server was updated. Reload the page to go on.');
    case 'invalid_request':
      return trans.__('The server could not read the edit.');
    default:
      return trans.__('The server did not accept the edit.');
  }
}
