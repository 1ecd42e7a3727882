import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { TranslationBundle } from '@jupyterlab/translation';

import { Call } from './call';
import { screensOf, trackOf } from './call-model';
import { Captions } from './captions';
import { PictureInPicture } from './picture-in-picture';
import { Reactions } from './reactions';
import { Settings } from './settings';
import { CallStrip, FloatingCall, putAboveTheFiles } from './strip';
import { addViewCommands } from './view-commands';

export interface ISurroundings {
  readonly call: Call;
  readonly reactions: Reactions;
  readonly captions: Captions;
  readonly settings: Settings;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** Show the call elsewhere than in its panel: above the files, and in a window of its own. */
export function showAround(shell: Widget, parts: ISurroundings): void {
  const { call, settings, commands, trans } = parts;
  const strip = new CallStrip(parts);
  const update = (): void =>
    strip.setHidden(!settings.now.strip || call.room === null);
  update();
  putAboveTheFiles(shell, strip);
  const floating = new PictureInPicture(
    () => new FloatingCall(parts),
    () => pictureOf(call)
  );
  addViewCommands(commands, { call, settings, floating }, trans);
  settings.changed.connect(update);
  call.changed.connect(() => {
    update();
    if (call.phase === 'off') {
      floating.close();
    }
  });
}

/** What a window that shows one video alone has: a screen, or somebody who speaks. */
function pictureOf(call: Call): MediaStreamTrack | null {
  const { room } = call;
  if (!room) {
    return null;
  }
  const cameras = room.people.flatMap(caller => {
    const voice = trackOf(caller, 'microphone');
    const camera = trackOf(caller, 'camera');
    const isFirst = voice !== undefined && call.speaking.has(voice.id);
    return camera && !camera.is_muted ? [{ camera, isFirst }] : [];
  });
  const camera = cameras.find(({ isFirst }) => isFirst) ?? cameras.at(0);
  const id = screensOf(room).at(-1)?.track.id ?? camera?.camera.id;
  return (id !== undefined && call.tracks.get(id)) || call.mine.camera;
}
