import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Call } from './call';
import { COMMANDS } from './commands';
import { ConnectionCheck } from './connection-check';
import { Outcome } from './connection-test';
import { DeviceChoice, IDeviceChoiceProps } from './device-choice';
import { RecordingNotice } from './recording';
import { endingText } from './wording';

interface IPreviewProps extends IDeviceChoiceProps {
  /** Send something to the server and back. */
  readonly test: (signal: AbortSignal) => Promise<Outcome>;
}

/** What one looks at before coming in: whether one is seen and heard. */
export function Preview(props: IPreviewProps): React.JSX.Element {
  const { call, trans } = props;
  return (
    <div className="csx-Call-preview">
      <Ending call={call} trans={trans} />
      <RecordingNotice
        isShown={props.isShown}
        watch={() => void props.commands.execute(COMMANDS.watchRecording)}
        trans={trans}
      />
      <DeviceChoice {...props} />
      <button
        className="csx-Call-join jp-mod-styled jp-mod-accept"
        disabled={call.phase !== 'off'}
        onClick={() => void call.join()}
      >
        {call.phase === 'off'
          ? trans.__('Join the call')
          : trans.__('Joining…')}
      </button>
      <ConnectionCheck test={props.test} trans={trans} />
      <p className="csx-Call-hint">
        {trans.__(
          'Everybody who may read the whole project can join. Sound and pictures pass through this server only.'
        )}
      </p>
    </div>
  );
}

function Ending(props: {
  readonly call: Call;
  readonly trans: TranslationBundle;
}): React.JSX.Element | null {
  const { call, trans } = props;
  return (
    call.ending && (
      <p className="csx-Call-notice csx-mod-warning" role="alert">
        {endingText(call.ending, trans)}
      </p>
    )
  );
}
