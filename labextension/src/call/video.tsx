import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import { ISize } from './zoom';

interface IVideoProps {
  readonly track: MediaStreamTrack;
  /** One sees oneself as in a mirror. */
  readonly isMirrored?: boolean;
  readonly label?: string;
  /** Called with the size of the picture in its own pixels, when it is known or another. */
  readonly onSize?: (size: ISize) => void;
}

/** The picture of a track; its sound is played elsewhere. */
export function Video({
  track,
  isMirrored,
  label,
  onSize
}: IVideoProps): React.JSX.Element {
  const element = React.useRef<HTMLVideoElement>(null);
  const [stream] = React.useState(() => new MediaStream());
  React.useEffect(() => {
    const node = element.current;
    if (node) {
      node.srcObject = stream;
    }
    return () => {
      if (node) {
        node.srcObject = null;
      }
    };
  }, [stream]);
  React.useEffect(() => {
    // Of one stream the last picture stays until there is one of the next track.
    const before = stream.getTracks().filter(each => each !== track);
    stream.addTrack(track);
    before.forEach(each => stream.removeTrack(each));
  }, [stream, track]);
  React.useEffect(() => {
    const node = element.current;
    if (!node || !onSize) {
      return;
    }
    const tell = (): void =>
      onSize({ width: node.videoWidth, height: node.videoHeight });
    tell();
    node.addEventListener('resize', tell);
    return () => node.removeEventListener('resize', tell);
  }, [onSize]);
  return (
    <video
      ref={element}
      className={classes(
        'csx-Call-video',
        isMirrored ? 'csx-mod-mirrored' : ''
      )}
      autoPlay
      playsInline
      muted
      aria-label={label}
      aria-hidden={label === undefined}
    />
  );
}
