import { PromiseDelegate } from '@lumino/coreutils';

import { FromWorker, ToWorker } from './messages';

/** A worker with a media socket of its own. */
export class MediaWorker {
  /** `hear` is told what comes, and `onClosed` when a socket is gone. */
  constructor(
    private readonly _url: string,
    hear: (message: FromWorker) => void,
    onClosed: () => void
  ) {
    this._worker = new Worker(new URL('./media.worker.js', import.meta.url), {
      type: 'module'
    });
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
  }

  /** Open a socket by its key, instead of any before; rejects when it closes before it is open. */
  open(key: string): Promise<void> {
    this._opened = new PromiseDelegate<void>();
    this._opened.promise.catch(() => undefined);
    this.tell({ type: 'open', url: this._url, key });
    return this._opened.promise;
  }

  tell(message: ToWorker, transfer: Transferable[] = []): void {
    this._worker.postMessage(message, transfer);
  }

  close(): void {
    this._worker.terminate();
  }

  private _opened = new PromiseDelegate<void>();
  private readonly _worker: Worker;
}
