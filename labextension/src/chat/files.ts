import { TranslationBundle } from '@jupyterlab/translation';

import { uploadAttachment } from './api';
import { IRoom } from './rooms';
import { toast } from './toast';

/** The same limit as the server's. */
export const MAX_ATTACHMENT_BYTES = 20_000_000;

const MB = 1_000_000;

/** Take files that are pasted or dropped into a room: they are uploaded and attached. */
export function acceptFiles(room: IRoom, trans: TranslationBundle): void {
  const { node } = room.widget;
  node.addEventListener(
    'paste',
    event => {
      const files = Array.from(event.clipboardData?.files ?? []);
      if (files.length) {
        event.preventDefault();
        event.stopPropagation();
        void attach(room, files, trans);
      }
    },
    true
  );
  node.addEventListener('dragover', event => {
    if (event.dataTransfer?.types.includes('Files')) {
      event.preventDefault();
      node.classList.add('csx-mod-dropping');
    }
  });
  node.addEventListener('dragleave', () => {
    node.classList.remove('csx-mod-dropping');
  });
  node.addEventListener('drop', event => {
    node.classList.remove('csx-mod-dropping');
    const files = Array.from(event.dataTransfer?.files ?? []);
    if (files.length) {
      event.preventDefault();
      event.stopPropagation();
      void attach(room, files, trans);
    }
  });
}

/** Upload files and attach them to the message that is being written. */
export async function attach(
  room: IRoom,
  files: readonly File[],
  trans: TranslationBundle
): Promise<void> {
  for (const file of files) {
    if (file.size > MAX_ATTACHMENT_BYTES) {
      const limit = MAX_ATTACHMENT_BYTES / MB;
      toast(
        'error',
        trans.__('%1 is too large: %2 MB at most.', file.name, limit)
      );
      continue;
    }
    try {
      const { path, mimetype } = await uploadAttachment(room.path, file);
      room.model.input.addAttachment?.({ type: 'file', value: path, mimetype });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      toast(
        'error',
        trans.__('%1 could not be attached: %2', file.name, reason)
      );
    }
  }
  room.model.input.focus();
}
