import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';

import { ApiError, request } from '../api/client';

const ASK_AGAIN_MS = 2000;
const PLAYLIST = 'codesyncx/api/calls/recording/playlist.m3u8';
const FORBIDDEN = 403;
const NOT_FOUND = 404;

/** What the server tells of a recording before one watches it. */
export interface IRecordingFacts {
  readonly is_recorded: boolean;
  /** Whether one may read the folder that it comes into. */
  readonly may_watch: boolean;
  /** That folder's path in the project. */
  readonly folder: string;
}

export function askAboutRecording(): Promise<IRecordingFacts> {
  return request<IRecordingFacts>('calls/recording');
}

export type LiveState =
  | { readonly type: 'beginning' | 'playing' | 'away' | 'refused' }
  /** Nothing is recorded, or no longer. */
  | { readonly type: 'over'; readonly folder: string; readonly had: boolean }
  /** This browser plays no such films. */
  | { readonly type: 'unable' };

/** Plays what is recorded now, from its beginning, as long as it grows. */
export class LiveRecording {
  constructor(
    private readonly _video: HTMLVideoElement,
    private readonly _tell: (state: LiveState) => void,
    private readonly _settings = ServerConnection.makeSettings()
  ) {
    void this._begin();
  }

  /** See what happens now, as far as it is written. */
  jumpToNow(): void {
    const now = this._hls?.liveSyncPosition ?? null;
    if (now !== null) {
      this._video.currentTime = now;
      void this._video.play();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._close();
  }

  private async _begin(): Promise<void> {
    try {
      const facts = await askAboutRecording();
      if (this._isDisposed) {
        return;
      }
      if (!facts.may_watch) {
        this._tell({ type: 'refused' });
      } else if (!facts.is_recorded) {
        // What was loaded is played to its end.
        this._tell({
          type: 'over',
          folder: facts.folder,
          had: this._hasPlayed
        });
      } else {
        this._tell({ type: this._hasPlayed ? 'away' : 'beginning' });
        await this._play();
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === FORBIDDEN) {
        this._tell({ type: 'refused' });
        return;
      }
      console.warn('The recording can’t be watched for now', error);
      this._tell({ type: 'away' });
      this._later();
    }
  }

  private async _play(): Promise<void> {
    const { default: Player } = await import('hls.js/light');
    if (this._isDisposed) {
      return;
    }
    if (!Player.isSupported()) {
      this._tell({ type: 'unable' });
      return;
    }
    this._close();
    const { token } = this._settings;
    const hls = (this._hls = new Player({
      // The films need no work on their bytes.
      enableWorker: false,
      startPosition: this._video.currentTime,
      xhrSetup: xhr => {
        if (token !== '') {
          xhr.setRequestHeader('Authorization', `token ${token}`);
        }
      }
    }));
    hls.on(Player.Events.FRAG_BUFFERED, () => {
      this._hasPlayed = true;
      this._tell({ type: 'playing' });
    });
    hls.on(Player.Events.ERROR, (_, error) => {
      this._failed(error);
    });
    hls.loadSource(URLExt.join(this._settings.baseUrl, PLAYLIST));
    hls.attachMedia(this._video);
  }

  private _failed(error: ErrorData): void {
    const status = error.response?.code;
    if (status === FORBIDDEN) {
      this._close();
      this._tell({ type: 'refused' });
    } else if (error.fatal || status === NOT_FOUND) {
      // It hasn't begun, or is over, or the server is away: the server knows.
      this._hls?.stopLoad();
      this._later();
    }
  }

  private _later(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._begin(), ASK_AGAIN_MS);
  }

  private _close(): void {
    this._hls?.destroy();
    this._hls = null;
  }

  private _hls: Hls | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _hasPlayed = false;
  private _isDisposed = false;
}
