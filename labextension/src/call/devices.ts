/** Cameras, microphones and screens, and what can be wrong with them. */

export type Source = 'microphone' | 'camera' | 'screen';

/** What browsers call the kinds of devices. */
export type DeviceKind = 'audioinput' | 'videoinput' | 'audiooutput';

export type DeviceFault =
  /** The browser offers them on HTTPS pages only. */
  'insecure' | 'refused' | 'none' | 'in_use' | 'unknown';

/** A camera, microphone or screen that couldn't be opened. */
export class DeviceError extends Error {
  constructor(
    readonly source: Source,
    readonly fault: DeviceFault,
    cause?: unknown
  ) {
    super(`${source}: ${fault}`, { cause });
    this.name = 'DeviceError';
  }
}

/** What a person chose before they joined; kept in this browser. */
export interface IChoices {
  /** Ids of devices; empty for the browser's own choice. */
  readonly microphone: string;
  readonly camera: string;
  readonly isMicrophoneOn: boolean;
  readonly isCameraOn: boolean;
  readonly speaker: string;
  /** What is behind me is blurred, where the camera can. */
  readonly isBlurred: boolean;
  /** I come in silent, and talk while I hold a key. */
  readonly isPushToTalk: boolean;
}

const KEY = 'codesyncx:call';

const FIRST_CHOICES: IChoices = {
  microphone: '',
  camera: '',
  isMicrophoneOn: true,
  isCameraOn: true,
  speaker: '',
  isBlurred: false,
  isPushToTalk: false
};

/** What was chosen in this browser before. */
export function loadChoices(): IChoices {
  try {
    const text = window.localStorage.getItem(KEY);
    return text === null ? FIRST_CHOICES : readChoices(JSON.parse(text));
  } catch {
    return FIRST_CHOICES; // a browser that keeps nothing, or not what was written
  }
}

export function saveChoices(choices: IChoices): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Chosen anew the next time, then.
  }
}

/** The choices in what was kept; what makes no sense is as at first. */
export function readChoices(value: unknown): IChoices {
  if (typeof value !== 'object' || value === null) {
    return FIRST_CHOICES;
  }
  const kept = value as Partial<Record<keyof IChoices, unknown>>;
  return {
    microphone: typeof kept.microphone === 'string' ? kept.microphone : '',
    camera: typeof kept.camera === 'string' ? kept.camera : '',
    isMicrophoneOn: kept.isMicrophoneOn !== false,
    isCameraOn: kept.isCameraOn !== false,
    speaker: typeof kept.speaker === 'string' ? kept.speaker : '',
    isBlurred: kept.isBlurred === true,
    isPushToTalk: kept.isPushToTalk === true
  };
}

/** Open a microphone; DeviceError. */
export async function openMicrophone(id: string): Promise<MediaStreamTrack> {
  const audio = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...wish(id)
  };
  const stream = await open('microphone', media =>
    media.getUserMedia({ audio })
  );
  return stream.getAudioTracks()[0];
}

/** Open a camera; DeviceError. */
export async function openCamera(id: string): Promise<MediaStreamTrack> {
  const video = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30 },
    ...wish(id)
  };
  const stream = await open('camera', media => media.getUserMedia({ video }));
  return stream.getVideoTracks()[0];
}

/** Have the person choose a screen, window or tab, with its sound; DeviceError. */
export function openScreen(): Promise<MediaStream> {
  return open('screen', media =>
    media.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true })
  );
}

/** The devices there are. Their names are told once one of the kind has been opened. */
export async function listDevices(
  kind: DeviceKind
): Promise<MediaDeviceInfo[]> {
  const devices = (await mediaDevices()?.enumerateDevices()) ?? [];
  return devices.filter(device => device.kind === kind && device.deviceId);
}

/** Call back when devices are plugged in or out; gives how to end that. */
export function watchDevices(changed: () => void): () => void {
  const media = mediaDevices();
  media?.addEventListener('devicechange', changed);
  return () => media?.removeEventListener('devicechange', changed);
}

function wish(id: string): MediaTrackConstraints {
  return id === '' ? {} : { deviceId: { ideal: id } };
}

async function open(
  source: Source,
  ask: (media: MediaDevices) => Promise<MediaStream>
): Promise<MediaStream> {
  const media = mediaDevices();
  if (!media) {
    throw new DeviceError(source, 'insecure');
  }
  try {
    return await ask(media);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    throw new DeviceError(source, faultOf(name), error);
  }
}

/** What the name of a DOMException says (Media Capture and Streams, section 10.2). */
export function faultOf(name: string): DeviceFault {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'in_use';
    default:
      return 'unknown';
  }
}

/** The types say that it is always there; on a page without HTTPS it isn't. */
function mediaDevices(): MediaDevices | undefined {
  return 'mediaDevices' in navigator ? navigator.mediaDevices : undefined;
}
