import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Call } from './call';
import {
  DeviceError,
  IChoices,
  listDevices,
  openCamera,
  openMicrophone,
  watchDevices
} from './devices';
import { cameraOffIcon } from './icons';
import { LevelMeter } from './level-meter';
import { Video } from './video';
import { deviceText, endingText } from './wording';

interface IPreviewProps {
  readonly call: Call;
  readonly trans: TranslationBundle;
  /** Whether the panel shows: nobody's camera is on behind another tab. */
  readonly isShown: boolean;
}

/** What one looks at before coming in: whether one is seen and heard. */
export function Preview({
  call,
  trans,
  isShown
}: IPreviewProps): React.JSX.Element {
  const { choices } = call.mine;
  const choose = (change: Partial<IChoices>): void =>
    call.mine.choose({ ...choices, ...change });
  const camera = useTrack(
    isShown && choices.isCameraOn,
    choices.camera,
    openCamera
  );
  const microphone = useTrack(
    isShown && choices.isMicrophoneOn,
    choices.microphone,
    openMicrophone
  );
  const cameras = useDevices('videoinput', camera.track);
  const microphones = useDevices('audioinput', microphone.track);
  const problems = [camera.error, microphone.error].filter(
    error => error !== null
  );
  return (
    <div className="csx-Call-preview">
      {call.ending && (
        <p className="csx-Call-notice csx-mod-warning" role="alert">
          {endingText(call.ending, trans)}
        </p>
      )}
      <div className="csx-Call-tile csx-Call-mirror">
        {camera.track ? (
          <Video
            track={camera.track}
            isMirrored={true}
            label={trans.__('Your camera')}
          />
        ) : (
          <span className="csx-Call-dark">
            <cameraOffIcon.react tag="span" className="csx-Call-icon" />
            {trans.__('Camera is off')}
          </span>
        )}
      </div>
      {problems.map(error => (
        <p
          key={error.source}
          className="csx-Call-notice csx-mod-warning"
          role="alert"
        >
          {deviceText(error, trans)}
        </p>
      ))}
      <Device
        label={trans.__('Camera')}
        isOn={choices.isCameraOn}
        chosen={choices.camera}
        devices={cameras}
        trans={trans}
        onSwitch={isCameraOn => choose({ isCameraOn })}
        onChoose={id => choose({ camera: id })}
      />
      <Device
        label={trans.__('Microphone')}
        isOn={choices.isMicrophoneOn}
        chosen={choices.microphone}
        devices={microphones}
        trans={trans}
        onSwitch={isMicrophoneOn => choose({ isMicrophoneOn })}
        onChoose={id => choose({ microphone: id })}
      />
      <LevelMeter track={microphone.track} trans={trans} />
      <button
        className="csx-Call-join jp-mod-styled jp-mod-accept"
        disabled={call.phase !== 'off'}
        onClick={() => void call.join()}
      >
        {call.phase === 'off'
          ? trans.__('Join the call')
          : trans.__('Joining…')}
      </button>
      <p className="csx-Call-hint">
        {trans.__(
          'Everybody who may read the whole project can join. Sound and pictures pass through this server only.'
        )}
      </p>
    </div>
  );
}

interface IDeviceProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly chosen: string;
  readonly devices: readonly MediaDeviceInfo[];
  readonly trans: TranslationBundle;
  readonly onSwitch: (isOn: boolean) => void;
  readonly onChoose: (id: string) => void;
}

function Device(props: IDeviceProps): React.JSX.Element {
  const { label, devices, chosen, trans } = props;
  const isThere = devices.some(({ deviceId }) => deviceId === chosen);
  return (
    <div className="csx-Call-device">
      <label className="csx-Call-switch">
        <input
          type="checkbox"
          checked={props.isOn}
          onChange={event => props.onSwitch(event.target.checked)}
        />
        {label}
      </label>
      <select
        className="csx-Call-select jp-mod-styled"
        aria-label={trans.__('Which: %1', label)}
        value={isThere ? chosen : ''}
        disabled={!props.isOn || devices.length === 0}
        onChange={event => props.onChoose(event.target.value)}
      >
        <option value="">{trans.__('The browser’s choice')}</option>
        {devices.map(({ deviceId, label: name }, index) => (
          <option key={deviceId} value={deviceId}>
            {name || `${label} ${index + 1}`}
          </option>
        ))}
      </select>
    </div>
  );
}

interface IOpened {
  readonly track: MediaStreamTrack | null;
  readonly error: DeviceError | null;
}

const NOTHING: IOpened = { track: null, error: null };

/** A track that is open as long as it is wanted. */
function useTrack(
  isWanted: boolean,
  id: string,
  open: (id: string) => Promise<MediaStreamTrack>
): IOpened {
  const [opened, setOpened] = React.useState(NOTHING);
  React.useEffect(() => {
    if (!isWanted) {
      return;
    }
    let isOver = false;
    let track: MediaStreamTrack | null = null;
    open(id)
      .then(found => {
        track = found;
        if (isOver) {
          found.stop();
        } else {
          setOpened({ track: found, error: null });
        }
      })
      .catch((error: unknown) => {
        if (!isOver && error instanceof DeviceError) {
          setOpened({ track: null, error });
        }
      });
    return () => {
      isOver = true;
      track?.stop();
      setOpened(NOTHING);
    };
  }, [isWanted, id, open]);
  return opened;
}

/** The devices of a kind; asked for again when one was opened, for then they have names. */
function useDevices(
  kind: 'audioinput' | 'videoinput',
  track: MediaStreamTrack | null
): readonly MediaDeviceInfo[] {
  const [devices, setDevices] = React.useState<readonly MediaDeviceInfo[]>([]);
  React.useEffect(() => {
    let isOver = false;
    const look = (): void => {
      void listDevices(kind).then(found => {
        if (!isOver) {
          setDevices(found);
        }
      });
    };
    const unwatch = watchDevices(look);
    look();
    return () => {
      isOver = true;
      unwatch();
    };
  }, [kind, track]);
  return devices;
}
