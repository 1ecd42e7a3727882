import { Notification } from '@jupyterlab/apputils';

const SHOWN_MS = 6000;

type Kind = 'info' | 'warning' | 'error';

/** Tell the person something for a few seconds; it stays in the notification centre. */
export function toast(kind: Kind, message: string): void {
  Notification.emit(message, kind, { autoClose: SHOWN_MS });
}

/** Tell of a failure. */
export function toastError(error: unknown): void {
  toast('error', error instanceof Error ? error.message : String(error));
}
