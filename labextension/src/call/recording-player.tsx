import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { LiveRecording, LiveState } from './live-recording';

interface IPlayerProps {
  /** Whether it begins without sound, because one hears the call itself. */
  readonly isQuiet: boolean;
  readonly trans: TranslationBundle;
}

/** The recording of the call while it is made, in the main area. */
export class RecordingPlayer extends ReactWidget {
  constructor(private readonly _props: IPlayerProps) {
    super();
    this.addClass('csx-Recording');
  }

  protected override render(): React.JSX.Element {
    return <Player {...this._props} />;
  }
}

function Player({ isQuiet, trans }: IPlayerProps): React.JSX.Element {
  const video = React.useRef<HTMLVideoElement>(null);
  const live = React.useRef<LiveRecording | null>(null);
  const [state, setState] = React.useState<LiveState>({ type: 'beginning' });
  React.useEffect(() => {
    if (!video.current) {
      return;
    }
    live.current = new LiveRecording(video.current, setState);
    return () => live.current?.dispose();
  }, []);
  const text = stateText(state, trans);
  return (
    <>
      <video
        ref={video}
        className="csx-Recording-video"
        aria-label={trans.__('The recording of the call')}
        controls
        autoPlay
        playsInline
        muted={isQuiet}
      />
      <div className="csx-Recording-bar">
        <span className="csx-Recording-state" role="status">
          {text}
        </span>
        {state.type === 'playing' && (
          <button
            className="csx-Button"
            title={trans.__('See what happens now')}
            onClick={() => live.current?.jumpToNow()}
          >
            {trans.__('Jump to now')}
          </button>
        )}
      </div>
    </>
  );
}

function stateText(state: LiveState, trans: TranslationBundle): string {
  switch (state.type) {
    case 'beginning':
      return trans.__('The recording begins in a moment.');
    case 'playing':
      return trans.__('The recording goes on while you watch.');
    case 'away':
      return trans.__(
        'The server can’t be reached. This goes on by itself when it is back.'
      );
    case 'refused':
      return trans.__(
        'You may not watch the recordings of this project; ask its owner.'
      );
    case 'unable':
      return trans.__(
        'This browser can’t play a recording while it is made. It can when the recording is done.'
      );
    case 'over':
      return state.had
        ? trans.__(
            'The recording is over. All of it is in the folder %1.',
            state.folder
          )
        : trans.__('Nothing is recorded now.');
  }
}
