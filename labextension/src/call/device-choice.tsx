import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { canBlur, setBlur } from './background-blur';
import { Call } from './call';
import { COMMANDS } from './commands';
import {
  DeviceError,
  DeviceKind,
  IChoices,
  listDevices,
  openCamera,
  openMicrophone,
  watchDevices
} from './devices';
import { cameraOffIcon } from './icons';
import { LevelMeter } from './level-meter';
import { canChooseLoudspeaker } from './loudspeaker';
import { playTestSound } from './test-sound';
import { Video } from './video';
import { deviceText } from './wording';

export interface IDeviceChoiceProps {
  readonly call: Call;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  /** Whether it shows: nobody's camera is on behind another tab. */
  readonly isShown: boolean;
}

/** Which camera, microphone and loudspeaker: one sees oneself, and how loud one is. */
export function DeviceChoice(props: IDeviceChoiceProps): React.JSX.Element {
  const { call, commands, trans, isShown } = props;
  const { choices } = call.mine;
  // In the call the toolbar switches them on and off.
  const isBefore = call.phase === 'off' || call.phase === 'joining';
  const choose = (change: Partial<IChoices>): void =>
    call.mine.choose({ ...choices, ...change });
  const camera = useTrack(
    isShown && (choices.isCameraOn || !isBefore),
    choices.camera,
    openCamera
  );
  const microphone = useTrack(
    isShown && (choices.isMicrophoneOn || !isBefore),
    choices.microphone,
    openMicrophone
  );
  const { isBlurred } = choices;
  React.useEffect(() => {
    if (camera.track) {
      void setBlur(camera.track, isBlurred);
    }
  }, [camera.track, isBlurred]);
  const problems = [camera.error, microphone.error].filter(
    error => error !== null
  );
  return (
    <>
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
        isOn={choices.isCameraOn || !isBefore}
        chosen={choices.camera}
        devices={useDevices('videoinput', camera.track)}
        trans={trans}
        onSwitch={isBefore ? isCameraOn => choose({ isCameraOn }) : null}
        onChoose={id => choose({ camera: id })}
      />
      {canBlur(camera.track) && (
        <Check
          label={trans.__('Blur what is behind me')}
          isOn={isBlurred}
          onSwitch={isOn => choose({ isBlurred: isOn })}
        />
      )}
      <Device
        label={trans.__('Microphone')}
        isOn={choices.isMicrophoneOn || !isBefore}
        chosen={choices.microphone}
        devices={useDevices('audioinput', microphone.track)}
        trans={trans}
        onSwitch={
          isBefore ? isMicrophoneOn => choose({ isMicrophoneOn }) : null
        }
        onChoose={id => choose({ microphone: id })}
      />
      <LevelMeter track={microphone.track} trans={trans} />
      <Check
        label={trans.__(
          'Come in silent, and talk while I hold %1',
          keysOf(commands, trans)
        )}
        isOn={choices.isPushToTalk}
        onSwitch={isPushToTalk => choose({ isPushToTalk })}
      />
      {canChooseLoudspeaker() && (
        <>
          <Device
            label={trans.__('Loudspeaker')}
            isOn={true}
            chosen={choices.speaker}
            devices={useDevices('audiooutput', microphone.track)}
            trans={trans}
            onSwitch={null}
            onChoose={id => choose({ speaker: id })}
          />
          <TestSound device={choices.speaker} trans={trans} />
        </>
      )}
    </>
  );
}

/** The same in a dialog, for whoever is in the call already. */
export class DeviceDialogBody extends ReactWidget {
  constructor(private readonly _props: Omit<IDeviceChoiceProps, 'isShown'>) {
    super();
    this.addClass('csx-Call-devices');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this._props.call.changed}>
        {() => <DeviceChoice {...this._props} isShown={true} />}
      </UseSignal>
    );
  }
}

function keysOf(commands: CommandRegistry, trans: TranslationBundle): string {
  const binding = commands.keyBindings.find(
    ({ command }) => command === COMMANDS.pushToTalk
  );
  return binding
    ? CommandRegistry.formatKeystroke(binding.keys)
    : trans.__('a key (choose one in the settings)');
}

interface ICheckProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onSwitch: (isOn: boolean) => void;
}

function Check({ label, isOn, onSwitch }: ICheckProps): React.JSX.Element {
  return (
    <label className="csx-Call-check">
      <input
        type="checkbox"
        checked={isOn}
        onChange={event => onSwitch(event.target.checked)}
      />
      {label}
    </label>
  );
}

function TestSound(props: {
  readonly device: string;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const { device, trans } = props;
  const [isPlaying, setPlaying] = React.useState(false);
  const play = async (): Promise<void> => {
    setPlaying(true);
    try {
      await playTestSound(device);
    } finally {
      setPlaying(false);
    }
  };
  return (
    <button
      className="csx-Button csx-Call-testSound"
      disabled={isPlaying}
      onClick={() => void play()}
    >
      {isPlaying ? trans.__('Playing…') : trans.__('Play a test sound')}
    </button>
  );
}

interface IDeviceProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly chosen: string;
  readonly devices: readonly MediaDeviceInfo[];
  readonly trans: TranslationBundle;
  /** Null for what isn't switched on and off here. */
  readonly onSwitch: ((isOn: boolean) => void) | null;
  readonly onChoose: (id: string) => void;
}

function Device(props: IDeviceProps): React.JSX.Element {
  const { label, devices, chosen, onSwitch, trans } = props;
  const isThere = devices.some(({ deviceId }) => deviceId === chosen);
  return (
    <div className="csx-Call-device">
      {onSwitch ? (
        <label className="csx-Call-switch">
          <input
            type="checkbox"
            checked={props.isOn}
            onChange={event => onSwitch(event.target.checked)}
          />
          {label}
        </label>
      ) : (
        <span className="csx-Call-switch">{label}</span>
      )}
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
  kind: DeviceKind,
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
