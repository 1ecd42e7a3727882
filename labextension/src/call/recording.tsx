import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { request } from '../api/client';

const ASK_EVERY_MS = 10000;

interface IRecordingMarkProps {
  readonly trans: TranslationBundle;
}

/** A red mark that says that the call is recorded, in words too. */
export function RecordingMark({
  trans
}: IRecordingMarkProps): React.JSX.Element {
  const why = trans.__('This call is being recorded.');
  return (
    <span className="csx-Call-recording" role="status" title={why}>
      <span className="csx-Call-recordingDot" aria-hidden="true" />
      <span aria-hidden="true">{trans.__('REC')}</span>
      <span className="csx-Call-hidden">{why}</span>
    </span>
  );
}

interface IRecordingNoticeProps {
  readonly isShown: boolean;
  readonly trans: TranslationBundle;
}

/** Says before one joins that one will be recorded. */
export function RecordingNotice({
  isShown,
  trans
}: IRecordingNoticeProps): React.JSX.Element | null {
  const isRecorded = useIsRecorded(isShown);
  return isRecorded ? (
    <p className="csx-Call-notice csx-mod-recording" role="status">
      <span className="csx-Call-recordingDot" aria-hidden="true" />
      {trans.__(
        'This call is being recorded: who joins may be seen and heard in the recording.'
      )}
    </p>
  ) : null;
}

/** Whether the call is recorded, for somebody who isn't in it. */
function useIsRecorded(isWanted: boolean): boolean {
  const [isRecorded, setRecorded] = React.useState(false);
  React.useEffect(() => {
    if (!isWanted) {
      return;
    }
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const answer = await request<{ is_recorded: boolean }>(
          'calls/recording'
        );
        if (!isOver) {
          setRecorded(answer.is_recorded);
        }
      } catch (error) {
        // Who joins is told all the same.
        console.warn('Whether the call is recorded isn’t known', error);
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [isWanted]);
  return isRecorded;
}
