import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { askAboutRecording, IRecordingFacts } from './live-recording';

const ASK_EVERY_MS = 10000;
const NOTHING: IRecordingFacts = {
  is_recorded: false,
  may_watch: false,
  folder: ''
};

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

interface IWatchButtonProps {
  readonly watch: () => void;
  readonly trans: TranslationBundle;
}

/** Opens what is recorded, while it is; for those who may read it. */
export function WatchButton({
  watch,
  trans
}: IWatchButtonProps): React.JSX.Element | null {
  const { may_watch } = useRecording(true);
  return may_watch ? (
    <button
      className="csx-Button csx-Call-watch"
      title={trans.__('Watch the recording from its beginning')}
      onClick={watch}
    >
      {trans.__('Watch')}
    </button>
  ) : null;
}

interface IRecordingNoticeProps {
  readonly isShown: boolean;
  readonly watch: () => void;
  readonly trans: TranslationBundle;
}

/** Says before one joins that one will be recorded. */
export function RecordingNotice({
  isShown,
  watch,
  trans
}: IRecordingNoticeProps): React.JSX.Element | null {
  const { is_recorded, may_watch } = useRecording(isShown);
  return is_recorded ? (
    <p className="csx-Call-notice csx-mod-recording" role="status">
      <span className="csx-Call-recordingDot" aria-hidden="true" />
      {trans.__(
        'This call is being recorded: who joins may be seen and heard in the recording.'
      )}{' '}
      {may_watch && (
        <button className="csx-Button csx-Call-watch" onClick={watch}>
          {trans.__('Watch from the beginning')}
        </button>
      )}
    </p>
  ) : null;
}

/** Whether the call is recorded and one may watch it, as the server says. */
function useRecording(isWanted: boolean): IRecordingFacts {
  const [facts, setFacts] = React.useState(NOTHING);
  React.useEffect(() => {
    if (!isWanted) {
      return;
    }
    let isOver = false;
    const ask = async (): Promise<void> => {
      try {
        const answer = await askAboutRecording();
        if (!isOver) {
          setFacts(answer);
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
  return facts;
}
