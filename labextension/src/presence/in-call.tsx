import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { callIcon, handIcon } from '../call/icons';
import { IPerson } from './people';
import { IVoices, Voices } from './voices';

/** What somebody does in the call; null for who isn't in it. */
export interface IInCall {
  readonly isSpeaking: boolean;
  readonly isHandUp: boolean;
}

/** From outside the call one believes what people say of themselves. */
export function inCall(
  { user, presence }: IPerson,
  voices: IVoices
): IInCall | null {
  const { username } = user;
  return (voices.inCall?.has(username) ?? presence.in_call)
    ? {
        isSpeaking: voices.speaking.has(username),
        isHandUp: voices.hands.has(username)
      }
    : null;
}

/** The same for those who don't see it. */
export function inCallText(
  state: IInCall | null,
  trans: TranslationBundle
): string {
  if (!state) {
    return '';
  }
  const facts = [trans.__('in the call')];
  if (state.isSpeaking) {
    facts.push(trans.__('speaking'));
  }
  if (state.isHandUp) {
    facts.push(trans.__('hand raised'));
  }
  return facts.join(', ');
}

/** Small marks behind a name. */
export function CallMarks({
  state
}: {
  readonly state: IInCall | null;
}): React.JSX.Element | null {
  return (
    state && (
      <span className="csx-People-marks" aria-hidden="true">
        <callIcon.react tag="span" className="csx-People-inCall" />
        {state.isHandUp && (
          <handIcon.react tag="span" className="csx-People-hand" />
        )}
      </span>
    )
  );
}

interface IJoinRowProps {
  readonly people: readonly IPerson[];
  readonly voices: Voices;
  readonly trans: TranslationBundle;
}

/** Who talks, and the way to them. */
export function JoinRow({
  people,
  voices,
  trans
}: IJoinRowProps): React.JSX.Element | null {
  const { join, now } = voices;
  if (!join || now.inCall !== null) {
    return null;
  }
  const there = people.filter(
    person => !person.isMe && inCall(person, now) !== null
  );
  const [first] = there;
  return (
    <div className="csx-People-join">
      <span className="csx-People-joinText" role="status">
        {there.length === 0
          ? trans.__('Nobody is in the call.')
          : there.length === 1
            ? trans.__('%1 is in the call.', first.user.display_name)
            : trans._n(
                '%2 and %1 other are in the call.',
                '%2 and %1 others are in the call.',
                there.length - 1,
                first.user.display_name
              )}
      </span>
      <button className="csx-Button" onClick={join}>
        <callIcon.react tag="span" className="csx-Button-icon" />
        {there.length === 0 ? trans.__('Start') : trans.__('Join')}
      </button>
    </div>
  );
}
