/** What the page and the worker that carries its media tell each other. */

import { ISample } from '../statistics';

/** What a stream of mine shows, for how it is encoded. */
export type Sight = 'camera' | 'screen';

export type ToWorker =
  | { readonly type: 'open'; readonly url: string; readonly key: string }
  | {
      readonly type: 'send_sound';
      readonly stream: number;
      /** Brings `Float32Array`s of one channel. */
      readonly samples: MessagePort;
      readonly sampleRate: number;
    }
  | {
      readonly type: 'send_pictures';
      readonly stream: number;
      readonly sight: Sight;
      /** Null where pictures come one by one, as `picture`. */
      readonly pictures: ReadableStream<VideoFrame> | null;
    }
  | {
      readonly type: 'picture';
      readonly stream: number;
      readonly picture: VideoFrame;
    }
  | { readonly type: 'stop'; readonly stream: number }
  | {
      readonly type: 'play_sound';
      readonly id: string;
      /** Takes {@link IPlayed}. */
      readonly samples: MessagePort;
    }
  | {
      readonly type: 'play_pictures';
      readonly id: string;
      /** Null where pictures are shown one by one, as `picture`. */
      readonly pictures: WritableStream<VideoFrame> | null;
    };

export type FromWorker =
  /** What comes, by track id; each is played when its kind is known. */
  | { readonly type: 'tracks'; readonly ids: readonly string[] }
  | {
      readonly type: 'begins';
      readonly id: string;
      readonly kind: 'audio' | 'video';
    }
  | {
      readonly type: 'picture';
      readonly id: string;
      readonly picture: VideoFrame;
    }
  /** From 0 to 1, by track id and by the numbers of my streams. */
  | {
      readonly type: 'levels';
      readonly theirs: ReadonlyMap<string, number>;
      readonly mine: ReadonlyMap<number, number>;
    }
  /** What was carried: my streams have their numbers for names, the others’ their track ids. */
  | { readonly type: 'sample'; readonly sample: ISample }
  | { readonly type: 'opened' }
  | { readonly type: 'closed' };

/** A few milliseconds of sound, a channel each. */
export type IPlayed = readonly Float32Array[];
