import { classes } from '@jupyterlab/ui-components';
import React from 'react';

interface IVideoProps {
  readonly track: MediaStreamTrack;
  /** One sees oneself as in a mirror. */
  readonly isMirrored?: boolean;
  readonly label?: string;
}

/** The picture of a track; its sound is played elsewhere. */
export function Video({
  track,
  isMirrored,
  label
}: IVideoProps): React.JSX.Element {
  const element = React.useRef<HTMLVideoElement>(null);
  React.useEffect(() => {
    const node = element.current;
    if (node) {
      node.srcObject = new MediaStream([track]);
    }
    return () => {
      if (node) {
        node.srcObject = null;
      }
    };
  }, [track]);
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
