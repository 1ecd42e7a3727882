import { PromiseDelegate } from '@lumino/coreutils';

import { FromWorker, ToWorker } from './messages';

/** A worker with a media socket of its own. */
export class MediaWorker {
  /** Open a socket by its key. `hear` is told what comes, and `onClosed` once when it is gone. */
  constructor(
    url: string,
    key: string,
    hear: (message: FromWorker) => void,
    onClosed: () => void
  ) {
    this._worker = new Worker(new URL('./media.worker.js', import.meta.url), {
      type: 'module'
    });
    this._opened.promise.catch(() => undefined);
    this._worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'opened') {
        this._opened.resolve();
      } else if (data.type === 'closed') {
        this._opened.reject(new Error('The media socket closed'));
        onClosed();
      } else {
        hear(data);
      }
    };
    this.tell({ type: 'open', url, key });
  }

  /** Resolves when the socket is open, rejects when it closed before. */
  get opened(): Promise<void> {
    return this._opened.promise;
  }

  tell(message: ToWorker, transfer: Transferable[] = []): void {
    this._worker.postMessage(message, transfer);
  }

  close(): void {
    this._worker.terminate();
  }

  private readonly _opened = new PromiseDelegate<void>();
  private readonly _worker: Worker;
}
