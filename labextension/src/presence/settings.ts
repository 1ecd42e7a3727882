import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { DEFAULT_LIMITS, IActivityLimits } from './activity';

const MINUTE_MS = 60_000;

/** What a person may choose about presence. */
export class Settings {
  /** After how long somebody counts as idle or away. */
  get limits(): IActivityLimits {
    return this._limits;
  }

  /** Whether to go where an owner calls everyone, without being asked. */
  get goesWhenCalled(): boolean {
    return this._goesWhenCalled;
  }

  /** Read the settings of a plugin, now and whenever they change. */
  async load(registry: ISettingRegistry, id: string): Promise<void> {
    const settings = await registry.load(id);
    const read = (): void => {
      this._limits = {
        ...DEFAULT_LIMITS,
        idle_ms: Number(settings.get('idleMinutes').composite) * MINUTE_MS,
        away_ms: Number(settings.get('awayMinutes').composite) * MINUTE_MS
      };
      this._goesWhenCalled = settings.get('goWhenCalled').composite === true;
    };
    settings.changed.connect(read);
    read();
  }

  private _limits = DEFAULT_LIMITS;
  private _goesWhenCalled = false;
}
