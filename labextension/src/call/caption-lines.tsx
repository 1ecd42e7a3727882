import { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { IRoom, nameOf } from './call-model';
import { Captions } from './captions';

interface ICaptionLinesProps {
  readonly captions: Captions;
  readonly room: IRoom;
  readonly trans: TranslationBundle;
}

/** What people say, in writing; nothing where nobody has it written down. */
export function CaptionLines({
  captions,
  room,
  trans
}: ICaptionLinesProps): React.JSX.Element {
  return (
    <UseSignal signal={captions.changed}>
      {() =>
        captions.shown.length === 0 ? (
          <></>
        ) : (
          <div
            className="csx-Call-captions"
            role="group"
            aria-label={trans.__('Captions')}
          >
            {captions.shown.map(({ memberId, text }) => (
              <p key={memberId}>
                <b>{nameOf(room, memberId)}</b> <bdi>{text}</bdi>
              </p>
            ))}
          </div>
        )
      }
    </UseSignal>
  );
}
