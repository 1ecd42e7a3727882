import { Clipboard, Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, launchIcon, tabIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import qrcode from 'qrcode-generator';
import React from 'react';

import { toastError } from '../chat/toast';
import { IRun } from './api';
import { qrIcon } from './icons';
import { changePreview, IPreview, openPreview, Visibility } from './previews';

const LOOK_EVERY_MS = 2000;
const VISIBILITIES: readonly Visibility[] = ['private', 'project', 'public'];

export interface IPreviewActions {
  /** Show it in a tab of the lab. */
  readonly show: (run: IRun, port: number, url: string) => void;
  /** The whole address of what the server tells from its base. */
  readonly absolute: (address: string) => string;
}

interface IPreviewCardProps {
  readonly run: IRun;
  readonly port: number;
  readonly actions: IPreviewActions;
  readonly trans: TranslationBundle;
}

/** What a run serves on one port, and who may see it. */
export function PreviewCard(props: IPreviewCardProps): React.JSX.Element {
  const { run, port, actions, trans } = props;
  const [preview, setPreview] = React.useState<IPreview | null>(null);
  const [failure, setFailure] = React.useState<string | null>(null);
  const isRunning = run.state === 'running';
  React.useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const look = async (): Promise<void> => {
      try {
        const found = await openPreview(run.id, port);
        if (!isGone) {
          setPreview(found);
          setFailure(null);
        }
      } catch (error) {
        if (!isGone) {
          setFailure(error instanceof Error ? error.message : String(error));
        }
      }
      if (!isGone) {
        timer = setTimeout(() => void look(), LOOK_EVERY_MS);
      }
    };
    if (isRunning) {
      void look();
    }
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [run.id, port, isRunning]);

  const enter = async (use: (url: string) => void): Promise<void> => {
    try {
      use((await openPreview(run.id, port)).enter_url);
    } catch (error) {
      toastError(error);
    }
  };
  const shared =
    preview && (preview.public_url ?? actions.absolute(preview.address));
  const label = trans.__('Preview of port %1', port);
  return (
    <section className="csx-Preview" aria-label={label}>
      <div className="csx-Preview-head">
        <strong>{trans.__('Port %1', port)}</strong>
        <span role="status">
          {preview?.is_serving
            ? trans.__('Serving')
            : trans.__('Nothing listens yet')}
        </span>
      </div>
      {failure !== null && (
        <p className="csx-Run-notice csx-mod-error" role="alert">
          {failure}
        </p>
      )}
      {preview !== null && shared !== null && (
        <>
          <div className="csx-Preview-tools">
            <button
              className="csx-Button"
              disabled={!preview.is_serving}
              onClick={() => void enter(url => actions.show(run, port, url))}
            >
              <tabIcon.react tag="span" className="csx-Run-icon" />
              {trans.__('Show here')}
            </button>
            <button
              className="csx-Run-iconButton"
              disabled={!preview.is_serving}
              aria-label={trans.__('Open in a tab of the browser')}
              title={trans.__('Open in a tab of the browser')}
              onClick={() =>
                void enter(url => window.open(url, '_blank', 'noopener'))
              }
            >
              <launchIcon.react tag="span" className="csx-Run-icon" />
            </button>
            <button
              className="csx-Run-iconButton"
              aria-label={trans.__('Copy the address')}
              title={shared}
              onClick={() => Clipboard.copyToSystem(shared)}
            >
              <copyIcon.react tag="span" className="csx-Run-icon" />
            </button>
            <button
              className="csx-Run-iconButton"
              aria-label={trans.__('Show as a QR code')}
              title={trans.__('Show as a QR code')}
              onClick={() => void showCode(shared, trans)}
            >
              <qrIcon.react tag="span" className="csx-Run-icon" />
            </button>
          </div>
          <VisibilityChoice
            preview={preview}
            trans={trans}
            choose={visibility => {
              changePreview(run.id, port, visibility).then(
                setPreview,
                toastError
              );
            }}
          />
        </>
      )}
    </section>
  );
}

interface IVisibilityProps {
  readonly preview: IPreview;
  readonly trans: TranslationBundle;
  readonly choose: (visibility: Visibility) => void;
}

function VisibilityChoice(props: IVisibilityProps): React.JSX.Element {
  const { preview, trans, choose } = props;
  const names: Record<Visibility, string> = {
    private: trans.__('Only me and owners'),
    project: trans.__('Who may see this run'),
    public: trans.__('Everybody with the link, for an hour')
  };
  if (!preview.may_change) {
    return <span>{names[preview.visibility]}</span>;
  }
  return (
    <select
      className="csx-Preview-choice"
      aria-label={trans.__('Who may see the preview')}
      value={preview.visibility}
      onChange={event => choose(event.target.value as Visibility)}
    >
      {VISIBILITIES.map(one => (
        <option
          key={one}
          value={one}
          disabled={one === 'public' && !preview.may_publish}
        >
          {names[one]}
        </option>
      ))}
    </select>
  );
}

async function showCode(
  address: string,
  trans: TranslationBundle
): Promise<void> {
  const code = qrcode(0, 'M');
  code.addData(address);
  code.make();
  const body = new Widget();
  body.addClass('csx-Preview-code');
  const picture = document.createElement('img');
  picture.src = code.createDataURL(6, 12);
  picture.alt = trans.__('QR code of %1', address);
  body.node.append(picture);
  await showDialog({
    title: trans.__('Preview'),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
