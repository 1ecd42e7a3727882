/** Takes pictures and samples out of tracks, in whichever way a browser has. */

import { CAPTURE } from './worklets';

interface IProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}

type ProcessorType = new (init: {
  readonly track: MediaStreamTrack;
}) => IProcessor;

/** Pictures of a track as a stream to hand on; null where the browser has no such thing. */
export function picturesOf(
  track: MediaStreamTrack
): ReadableStream<VideoFrame> | null {
  const { MediaStreamTrackProcessor: Processor } = globalThis as {
    MediaStreamTrackProcessor?: ProcessorType;
  };
  return Processor ? new Processor({ track }).readable : null;
}

/** Tell each picture of a track as it comes; gives what ends that. */
export function watchPictures(
  track: MediaStreamTrack,
  take: (picture: VideoFrame) => void
): () => void {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  let isOver = false;
  const next = (): void => {
    video.requestVideoFrameCallback(() => {
      if (!isOver) {
        take(new VideoFrame(video));
        next();
      }
    });
  };
  next();
  void video.play();
  return () => {
    isOver = true;
    video.srcObject = null;
  };
}

/** Have the samples of a track go to a port; gives what ends that. */
export function captureSound(
  context: AudioContext,
  track: MediaStreamTrack,
  port: MessagePort
): () => void {
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const node = new AudioWorkletNode(context, CAPTURE, { numberOfOutputs: 0 });
  node.port.postMessage(port, [port]);
  source.connect(node);
  return () => source.disconnect();
}
