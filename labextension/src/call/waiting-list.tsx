import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Call } from './call';
import { ICaller } from './protocol';

interface IWaitingListProps {
  readonly call: Call;
  readonly waiting: readonly ICaller[];
  readonly trans: TranslationBundle;
}

/** Who is in the lobby, for those who let people in. */
export function WaitingList({
  call,
  waiting,
  trans
}: IWaitingListProps): React.JSX.Element {
  const admitAll = async (): Promise<void> => {
    for (const { member_id } of waiting) {
      await call.ask({ type: 'admit', member_id });
    }
  };
  return (
    <ul
      className="csx-Call-waiting"
      aria-label={trans.__('Waiting to come in')}
    >
      {waiting.length > 1 && (
        <li>
          <span className="csx-Call-waitingText">
            {trans.__('%1 people wait to come in', waiting.length)}
          </span>
          <button className="csx-Button" onClick={() => void admitAll()}>
            {trans.__('Let everybody in')}
          </button>
        </li>
      )}
      {waiting.map(({ member_id, display_name }) => (
        <li key={member_id}>
          <span className="csx-Call-waitingText">
            {trans.__('%1 waits to come in', display_name)}
          </span>
          <button
            className="csx-Button"
            onClick={() => void call.ask({ type: 'admit', member_id })}
          >
            {trans.__('Let in')}
          </button>
          <button
            className="csx-Button"
            onClick={() => void call.ask({ type: 'remove', member_id })}
          >
            {trans.__('Turn away')}
          </button>
        </li>
      ))}
    </ul>
  );
}
