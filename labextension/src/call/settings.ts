import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

import { CameraCodec } from './camera-codec';

/** What a person chose about calls; kept with JupyterLab's settings. */
export interface ICallSettings {
  /** The call in a row above the files. */
  readonly strip: boolean;
  /** What people say, in writing. */
  readonly captions: boolean;
  /** What my camera is encoded with, from the next time that it is sent. */
  readonly videoCodec: CameraCodec;
}

const AT_FIRST: ICallSettings = {
  strip: false,
  captions: false,
  videoCodec: 'automatic'
};
const CODECS: readonly CameraCodec[] = ['automatic', 'VP8', 'VP9', 'AV1'];

/** The settings as they are; without a registry they last as long as the page. */
export class Settings {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get now(): ICallSettings {
    return this._now;
  }

  /** Read the settings of a plugin, now and whenever they change. */
  async load(registry: ISettingRegistry, id: string): Promise<void> {
    const settings = await registry.load(id);
    const read = (): void => {
      this._now = readSettings(settings.composite);
      this._changed.emit();
    };
    settings.changed.connect(read);
    this._save = (name, value) => settings.set(name, value);
    read();
  }

  async set<K extends keyof ICallSettings>(
    name: K,
    value: ICallSettings[K]
  ): Promise<void> {
    this._now = { ...this._now, [name]: value };
    this._changed.emit();
    await this._save?.(name, value);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _now = AT_FIRST;
  private _save:
    ((name: string, value: boolean | string) => Promise<void>) | null = null;
}

function readSettings(kept: Readonly<Record<string, unknown>>): ICallSettings {
  return {
    strip: kept.strip === true,
    captions: kept.captions === true,
    videoCodec: CODECS.find(codec => codec === kept.videoCodec) ?? 'automatic'
  };
}
