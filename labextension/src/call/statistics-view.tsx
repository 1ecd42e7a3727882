import { Clipboard } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { IRoom } from './call-model';
import { ConnectionWatch } from './connection-watch';
import { TRACK_KINDS, TrackKind } from './protocol';
import {
  bitrateText,
  faultText,
  percentText,
  qualityText
} from './quality-wording';
import { Direction, IMeasured, IRate, totalBitrate } from './statistics';
import { kindText } from './wording';

interface IStatisticsProps {
  readonly call: Call;
  readonly room: IRoom;
  readonly connection: ConnectionWatch;
  readonly trans: TranslationBundle;
  /** Show the people again. */
  readonly close: () => void;
}

/** What the call's connections carry, for who wants to know or to tell somebody. */
export function Statistics(props: IStatisticsProps): React.JSX.Element {
  const { connection, room, trans } = props;
  const [isCopied, setCopied] = React.useState(false);
  return (
    <section
      className="csx-Call-page csx-Statistics"
      aria-label={trans.__('Call statistics')}
      // What scrolls must be reachable without a mouse.
      tabIndex={0}
    >
      <header className="csx-Call-pageHead">
        <h2>{trans.__('Call statistics')}</h2>
        <button className="csx-Button" onClick={props.close}>
          {trans.__('Back')}
        </button>
      </header>
      <UseSignal signal={connection.changed}>
        {() =>
          connection.measured ? (
            <Measured {...props} measured={connection.measured} />
          ) : (
            <p>{trans.__('Measuring…')}</p>
          )
        }
      </UseSignal>
      <p className="csx-Breakouts-do">
        <button
          className="csx-Button"
          disabled={!connection.measured}
          onClick={() => {
            const { measured } = connection;
            if (measured) {
              Clipboard.copyToSystem(textOf(measured, room, trans));
              setCopied(true);
            }
          }}
        >
          {trans.__('Copy as text')}
        </button>
        <span role="status">{isCopied && trans.__('Copied.')}</span>
      </p>
    </section>
  );
}

function Measured(
  props: IStatisticsProps & { readonly measured: IMeasured }
): React.JSX.Element {
  const { connection, measured, room, trans } = props;
  const { quality, faults } = connection.verdict;
  return (
    <>
      <p className="csx-Statistics-verdict">
        <strong>{qualityText(quality, trans)}</strong>
      </p>
      {faults.map(fault => (
        <p key={fault.type} className="csx-Call-notice csx-mod-warning">
          {faultText(fault, trans)}
        </p>
      ))}
      <dl className="csx-Statistics-facts">
        {factsOf(measured, trans).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <StreamTable {...props} direction="up" room={room} />
      <StreamTable {...props} direction="down" room={room} />
    </>
  );
}

function StreamTable(props: {
  readonly measured: IMeasured;
  readonly room: IRoom;
  readonly direction: Direction;
  readonly trans: TranslationBundle;
}): React.JSX.Element | null {
  const { measured, room, direction, trans } = props;
  const rates = measured.rates.filter(rate => rate.direction === direction);
  if (rates.length === 0) {
    return null;
  }
  return (
    <table className="csx-Statistics-table">
      <caption>{directionText(direction, trans)}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Track')}</th>
          <th scope="col">{trans.__('Rate')}</th>
          <th scope="col">{trans.__('Lost')}</th>
        </tr>
      </thead>
      <tbody>
        {rates.map(rate => (
          <tr key={rate.key}>
            <th scope="row">
              {nameOfStream(rate, room, trans)}
              <small>{detailsOf(rate, trans).join(' · ')}</small>
            </th>
            <td>{bitrateText(rate.bitrate_bps, trans)}</td>
            <td>{percentText(rate.loss, trans)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function factsOf(
  measured: IMeasured,
  trans: TranslationBundle
): readonly (readonly [string, string])[] {
  const { roundTrip_ms, available_bps } = measured;
  const facts: [string, string][] = [
    [trans.__('Sent'), bitrateText(totalBitrate(measured, 'up'), trans)],
    [trans.__('Received'), bitrateText(totalBitrate(measured, 'down'), trans)]
  ];
  if (available_bps !== null) {
    facts.push([trans.__('Could be sent'), bitrateText(available_bps, trans)]);
  }
  if (roundTrip_ms !== null) {
    facts.push([
      trans.__('To the server and back'),
      trans.__('%1 ms', roundTrip_ms)
    ]);
  }
  return facts;
}

function detailsOf(rate: IRate, trans: TranslationBundle): string[] {
  const details = [rate.codec];
  if (rate.isVideo && rate.width > 0) {
    details.push(
      trans.__(
        '%1 × %2, %3 a second',
        rate.width,
        rate.height,
        Math.round(rate.framesPerSecond)
      )
    );
  }
  if (rate.layer !== '') {
    details.push(trans.__('layer %1', rate.layer));
  }
  if (rate.jitter_s > 0) {
    details.push(trans.__('jitter %1 ms', Math.round(rate.jitter_s * 1000)));
  }
  return details.filter(detail => detail !== '');
}

/** What I send is known by its kind, what I get by its track id. */
function nameOfStream(
  { direction, name }: IRate,
  room: IRoom,
  trans: TranslationBundle
): string {
  if (direction === 'up') {
    const kind = TRACK_KINDS.find(known => known === name);
    return kind ? capital(kindText(kind, trans)) : name;
  }
  for (const { display_name, tracks } of room.people) {
    const track = tracks.find(({ id }) => id === name);
    if (track) {
      return `${display_name}: ${shortKind(track.kind, trans)}`;
    }
  }
  return trans.__('Somebody who left');
}

function shortKind(kind: TrackKind, trans: TranslationBundle): string {
  return kind === 'screen_sound'
    ? trans.__('sound of the screen')
    : kindText(kind, trans);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

function directionText(direction: Direction, trans: TranslationBundle): string {
  return direction === 'up'
    ? trans.__('What you send')
    : trans.__('What you get');
}

/** All of it as lines, to be pasted into a message. */
function textOf(
  measured: IMeasured,
  room: IRoom,
  trans: TranslationBundle
): string {
  const facts = factsOf(measured, trans).map(
    ([name, value]) => `${name}: ${value}`
  );
  const streams = measured.rates.map(rate =>
    [
      directionText(rate.direction, trans),
      nameOfStream(rate, room, trans),
      bitrateText(rate.bitrate_bps, trans),
      trans.__('%1 lost', percentText(rate.loss, trans)),
      ...detailsOf(rate, trans)
    ].join(', ')
  );
  return [...facts, ...streams].join('\n');
}
