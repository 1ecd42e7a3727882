import { TranslationBundle } from '@jupyterlab/translation';
import { classes } from '@jupyterlab/ui-components';
import React from 'react';

import { Outcome } from './connection-test';
import { bitrateText, faultText } from './quality-wording';

interface IConnectionCheckProps {
  readonly test: (signal: AbortSignal) => Promise<Outcome>;
  readonly trans: TranslationBundle;
}

type State = 'idle' | 'running' | 'failed' | Outcome;

/** Whether calls work here, asked before one comes in. */
export function ConnectionCheck({
  test,
  trans
}: IConnectionCheckProps): React.JSX.Element {
  const [state, setState] = React.useState<State>('idle');
  const running = React.useRef<AbortController | null>(null);
  React.useEffect(() => () => running.current?.abort(), []);
  const begin = (): void => {
    const control = new AbortController();
    running.current = control;
    setState('running');
    test(control.signal)
      .then(setState)
      .catch((error: unknown) => {
        if (!control.signal.aborted) {
          console.warn('The connection could not be tested', error);
          setState('failed');
        }
      });
  };
  const isRunning = state === 'running';
  return (
    <div className="csx-Call-connectionCheck">
      <button className="csx-Button" disabled={isRunning} onClick={begin}>
        {isRunning ? trans.__('Testing…') : trans.__('Test the connection')}
      </button>
      <div role="status">
        {isRunning && (
          <p className="csx-Call-hint">
            {trans.__(
              'A test picture goes to the server and back; this takes a few seconds.'
            )}
          </p>
        )}
        {state !== 'idle' && !isRunning && (
          <Result
            outcome={
              state === 'failed'
                ? { type: 'unreachable', code: '', message: '' }
                : state
            }
            trans={trans}
          />
        )}
      </div>
    </div>
  );
}

function Result({
  outcome,
  trans
}: {
  readonly outcome: Outcome;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const isGood = outcome.type === 'reached' && outcome.quality === 'good';
  return (
    <>
      <p
        className={classes(
          'csx-Call-notice',
          isGood ? 'csx-mod-good' : 'csx-mod-warning'
        )}
      >
        {outcomeText(outcome, trans)}
      </p>
      {outcome.type === 'reached' &&
        outcome.faults.map(fault => (
          <p key={fault.type} className="csx-Call-hint">
            {faultText(fault, trans)}
          </p>
        ))}
    </>
  );
}

export function outcomeText(
  outcome: Outcome,
  trans: TranslationBundle
): string {
  switch (outcome.type) {
    case 'unreachable':
      return (
        outcome.message ||
        trans.__(
          'The call could not be reached from here. Check your network and try again; if it stays so, tell whoever runs this server.'
        )
      );
    case 'blocked':
      return trans.__(
        'Sound and pictures don’t get through: something between you and the server blocks UDP. Try another network or leave the VPN; or ask whoever runs this server to open its UDP port for calls.'
      );
    case 'reached':
      return [
        outcome.way === 'websocket' && outcome.quality !== 'bad'
          ? trans.__(
              'Calls will work here, over the web connection, with smaller pictures and a little later: something between you and the server lets only web traffic through.'
            )
          : verdictText(outcome.quality, trans),
        factsText(outcome, trans)
      ]
        .filter(text => text !== '')
        .join(' ');
  }
}

function verdictText(
  quality: 'good' | 'weak' | 'bad',
  trans: TranslationBundle
): string {
  switch (quality) {
    case 'good':
      return trans.__('Calls work well here.');
    case 'weak':
      return trans.__('Calls work here, but not at their best.');
    case 'bad':
      return trans.__(
        'Calls will be hard here: leave the camera off, and use the chat beside it.'
      );
  }
}

function factsText(
  outcome: Extract<Outcome, { type: 'reached' }>,
  trans: TranslationBundle
): string {
  const { roundTrip_ms, up_bps, way } = outcome;
  if (way === 'websocket') {
    // How much more could be sent isn't known there.
    return roundTrip_ms === null
      ? ''
      : trans.__('To the server and back takes %1 ms.', roundTrip_ms);
  }
  const rate = bitrateText(up_bps, trans);
  return roundTrip_ms === null
    ? trans.__('You can send %1.', rate)
    : trans.__(
        'To the server and back takes %1 ms; you can send %2.',
        roundTrip_ms,
        rate
      );
}
