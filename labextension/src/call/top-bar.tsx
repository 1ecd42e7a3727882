import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { classes, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { COMMANDS } from './commands';
import { callIcon, microphoneIcon, microphoneOffIcon } from './icons';
import { RecordingMark } from './recording';

export interface ICallBarOptions {
  readonly call: Call;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** The way to the call in the top bar, and whether one is heard in it. */
export class CallBar extends ReactWidget {
  constructor(private readonly _options: ICallBarOptions) {
    super();
    this.addClass('csx-CallBar');
  }

  protected override render(): React.JSX.Element {
    const { call } = this._options;
    return (
      <UseSignal signal={call.changed}>
        {() => <Buttons {...this._options} />}
      </UseSignal>
    );
  }
}

function Buttons({
  call,
  commands,
  trans
}: ICallBarOptions): React.JSX.Element {
  const isIn = call.phase !== 'off';
  const { isMicrophoneOn } = call.mine;
  const Microphone = isMicrophoneOn ? microphoneIcon : microphoneOffIcon;
  const count = (call.room?.people.length ?? 0) + 1;
  const label = isIn
    ? trans._n('In the call: %1 person', 'In the call: %1 people', count)
    : trans.__('Join call');
  return (
    <>
      <button
        className={classes('csx-CallBar-button', isIn ? 'csx-mod-active' : '')}
        aria-label={label}
        title={label}
        onClick={() => void commands.execute(COMMANDS.show)}
      >
        <callIcon.react tag="span" className="csx-Call-icon" />
        <span className="csx-CallBar-text">
          {isIn ? count : trans.__('Join call')}
        </span>
      </button>
      {call.room?.isRecorded && <RecordingMark trans={trans} />}
      {call.phase === 'in' && (
        <button
          className="csx-CallBar-button"
          aria-label={commands.label(COMMANDS.toggleMicrophone)}
          title={commands.label(COMMANDS.toggleMicrophone)}
          disabled={!commands.isEnabled(COMMANDS.toggleMicrophone)}
          onClick={() => void commands.execute(COMMANDS.toggleMicrophone)}
        >
          <Microphone.react tag="span" className="csx-Call-icon" />
        </button>
      )}
    </>
  );
}
