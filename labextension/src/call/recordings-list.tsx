import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { size } from '../run/wording';
import {
  addressOf,
  beginOf,
  deleteRecording,
  IFinishedRecording,
  lengthText,
  listRecordings
} from './finished-recordings';

interface IListProps {
  readonly contents: Contents.IManager;
  readonly trans: TranslationBundle;
}

/** All recordings of the project that one may read: to watch, to load and to delete. */
export class RecordingsList extends ReactWidget {
  constructor(private readonly _props: IListProps) {
    super();
    this.addClass('csx-Recordings');
  }

  protected override onAfterShow(): void {
    // Others may have recorded meanwhile.
    this.update();
    this._shown++;
  }

  protected override render(): React.JSX.Element {
    return <List {...this._props} shown={this._shown} />;
  }

  private _shown = 0;
}

interface IPlaying {
  readonly recording: IFinishedRecording;
  readonly address: string;
}

function List({
  contents,
  trans,
  shown
}: IListProps & { readonly shown: number }): React.JSX.Element {
  const [recordings, setRecordings] = React.useState<
    readonly IFinishedRecording[] | null
  >(null);
  const [problem, setProblem] = React.useState('');
  const [playing, setPlaying] = React.useState<IPlaying | null>(null);
  const look = React.useCallback(async () => {
    try {
      setRecordings(await listRecordings());
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }, []);
  React.useEffect(() => void look(), [look, shown]);
  const remove = async (recording: IFinishedRecording): Promise<void> => {
    if (await isMeant(recording, trans)) {
      try {
        await deleteRecording(recording.name);
        setPlaying(now =>
          now?.recording.name === recording.name ? null : now
        );
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
        return;
      }
      await look();
    }
  };
  return (
    <section
      className="csx-Recordings-page"
      aria-label={trans.__('Recordings of calls')}
      // What scrolls must be reachable without a mouse.
      tabIndex={0}
    >
      <header className="csx-Call-pageHead">
        <h2>{trans.__('Recordings of calls')}</h2>
        <button className="csx-Button" onClick={() => void look()}>
          {trans.__('Look again')}
        </button>
      </header>
      {problem && (
        <p className="csx-Call-notice" role="alert">
          {problem}
        </p>
      )}
      {playing && (
        <video
          key={playing.recording.name}
          className="csx-Recordings-video"
          src={playing.address}
          aria-label={trans.__('Recording of %1', nameOf(playing.recording))}
          controls
          autoPlay
          playsInline
        />
      )}
      {recordings?.length === 0 && (
        <p>
          {trans.__(
            'Nothing has been recorded yet. Whoever leads a call finds “Record Call” in its menu.'
          )}
        </p>
      )}
      {recordings && recordings.length > 0 && (
        <Table
          recordings={recordings}
          contents={contents}
          play={recording =>
            void addressOf(recording, contents).then(address =>
              setPlaying({ recording, address })
            )
          }
          remove={recording => void remove(recording)}
          trans={trans}
        />
      )}
    </section>
  );
}

interface ITableProps extends IListProps {
  readonly recordings: readonly IFinishedRecording[];
  readonly play: (recording: IFinishedRecording) => void;
  readonly remove: (recording: IFinishedRecording) => void;
}

function Table(props: ITableProps): React.JSX.Element {
  const { recordings, trans } = props;
  return (
    <table className="csx-Recordings-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Recorded')}</th>
          <th scope="col">{trans.__('By')}</th>
          <th scope="col">{trans.__('Length')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Where')}</th>
          <th scope="col">
            <span className="csx-Call-hidden">{trans.__('Actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {recordings.map(recording => (
          <Row key={recording.name} {...props} recording={recording} />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  recording,
  contents,
  play,
  remove,
  trans
}: ITableProps & {
  readonly recording: IFinishedRecording;
}): React.JSX.Element {
  const { recorded_by, duration_s, may_delete } = recording;
  const name = nameOf(recording);
  return (
    <tr>
      <th scope="row" title={recording.path}>
        {name}
      </th>
      <td>{recorded_by || '–'}</td>
      <td>{duration_s === null ? '–' : lengthText(duration_s)}</td>
      <td>{size(recording.size)}</td>
      <td>{placeText(recording, trans)}</td>
      <td className="csx-Recordings-actions">
        <button
          className="csx-Button"
          aria-label={trans.__('Play the recording of %1', name)}
          onClick={() => play(recording)}
        >
          {trans.__('Play')}
        </button>
        <button
          className="csx-Button"
          aria-label={trans.__('Download the recording of %1', name)}
          onClick={() => void addressOf(recording, contents).then(load)}
        >
          {trans.__('Download')}
        </button>
        {may_delete && (
          <button
            className="csx-Button"
            aria-label={trans.__('Delete the recording of %1', name)}
            onClick={() => remove(recording)}
          >
            {trans.__('Delete')}
          </button>
        )}
      </td>
    </tr>
  );
}

function load(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}

async function isMeant(
  recording: IFinishedRecording,
  trans: TranslationBundle
): Promise<boolean> {
  const { button } = await showDialog({
    title: trans.__('Delete the recording of %1?', nameOf(recording)),
    body: recording.is_stored
      ? trans.__(
          'It is deleted in the project and in the artifact store. This can’t be undone.'
        )
      : trans.__('It is deleted in the project. This can’t be undone.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep it') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  return button.accept;
}

function nameOf({ name }: IFinishedRecording): string {
  return (
    beginOf(name)?.toLocaleString(undefined, {
      dateStyle: 'medium',
      timeStyle: 'short'
    }) ?? name
  );
}

function placeText(
  { is_in_project, is_stored }: IFinishedRecording,
  trans: TranslationBundle
): string {
  if (!is_in_project) {
    return trans.__('Artifact store');
  }
  return is_stored
    ? trans.__('Project and artifact store')
    : trans.__('Project');
}
