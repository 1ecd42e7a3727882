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
  const stream = React.useRef<MediaStream | null>(null);
  React.useEffect(() => {
    const node = element.current;
    return () => {
      if (node) {
        node.srcObject = stream.current = null;
      }
    };
  }, []);
  React.useEffect(() => {
    const node = element.current;
    const before = stream.current?.getTracks() ?? [];
    if (!node || before.includes(track)) {
      return;
    }
    if (stream.current && before.some(each => each.readyState === 'live')) {
      // Of one stream the last picture stays until there is one of the next track.
      stream.current.addTrack(track);
      before.forEach(each => stream.current?.removeTrack(each));
    } else {
      // One whose tracks have all ended doesn't play again.
      node.srcObject = stream.current = new MediaStream([track]);
    }
  }, [track]);
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
