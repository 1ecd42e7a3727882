/** Makes tracks of decoded pictures and samples, in whichever way a browser has. */

import { PLAY } from './worklets';

type GeneratorType = new (init: {
  readonly kind: 'video';
}) => MediaStreamTrack & {
  readonly writable: WritableStream<VideoFrame>;
};

/** A track of what comes, and how it comes in. */
export interface IPictureSink {
  readonly track: MediaStreamTrack;
  /** To hand on; null where each picture is shown with `show`. */
  readonly pictures: WritableStream<VideoFrame> | null;
  /** Show a picture, and let go of it. */
  show(picture: VideoFrame): void;
}

export function pictureSink(): IPictureSink {
  const { MediaStreamTrackGenerator: Generator } = globalThis as {
    MediaStreamTrackGenerator?: GeneratorType;
  };
  if (Generator) {
    const track = new Generator({ kind: 'video' });
    return {
      track,
      pictures: track.writable,
      show: picture => picture.close()
    };
  }
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false });
  return {
    track: canvas.captureStream().getVideoTracks()[0],
    pictures: null,
    show: picture => {
      if (canvas.width !== picture.displayWidth) {
        canvas.width = picture.displayWidth;
      }
      if (canvas.height !== picture.displayHeight) {
        canvas.height = picture.displayHeight;
      }
      context?.drawImage(picture, 0, 0);
      picture.close();
    }
  };
}

export interface ISoundSink {
  readonly track: MediaStreamTrack;
  close(): void;
}

/** A track of the samples that a port brings. */
export function soundSink(
  context: AudioContext,
  port: MessagePort
): ISoundSink {
  const node = new AudioWorkletNode(context, PLAY, {
    numberOfInputs: 0,
    outputChannelCount: [2]
  });
  node.port.postMessage(port, [port]);
  const out = context.createMediaStreamDestination();
  node.connect(out);
  return {
    track: out.stream.getAudioTracks()[0],
    close: () => {
      node.port.postMessage(null);
      node.disconnect();
    }
  };
}
