import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** Below this, in decibels under the loudest there is, a microphone hears nothing. */
const SILENCE_DB = -60;

interface ILevelMeterProps {
  readonly track: MediaStreamTrack | null;
  readonly trans: TranslationBundle;
}

/** How loud a microphone is, as a bar that moves while one speaks. */
export function LevelMeter({
  track,
  trans
}: ILevelMeterProps): React.JSX.Element {
  const [level, setLevel] = React.useState(0);
  React.useEffect(() => {
    if (!track) {
      setLevel(0);
      return;
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    const look = (): void => {
      analyser.getFloatTimeDomainData(samples);
      setLevel(loudness(samples));
      frame = requestAnimationFrame(look);
    };
    look();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return (
    <div
      className="csx-Call-level"
      role="meter"
      aria-label={trans.__('Level of your microphone')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={level}
    >
      <span style={{ width: `${level}%` }} />
    </div>
  );
}

/** How loud samples are, from 0 (silence) to 100. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  const level_db = 10 * Math.log10(sum / samples.length);
  const share = 1 - Math.min(level_db, 0) / SILENCE_DB;
  return Math.round(100 * Math.max(0, share));
}
