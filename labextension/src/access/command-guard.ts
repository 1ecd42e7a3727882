import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Need, needOf } from './command-rules';

/** Says why something that a command needs isn't given; null when it is. */
export type { Need };

export type Judge = (
  need: Need,
  args: ReadonlyPartialJSONObject
) => string | null;

/**
 * Lets commands do nothing that would be refused: they show as disabled, their captions say why.
 *
 * JupyterLab has no way to take a command away for a while, so its registry's public methods are
 * asked first: buttons, menus, shortcuts and the launcher all go through them.
 */
export function guardCommands(
  commands: CommandRegistry,
  judge: Judge,
  trans: TranslationBundle
): void {
  const why = (id: string, args?: ReadonlyPartialJSONObject): string | null => {
    const need = needOf(id);
    return need === null ? null : judge(need, args ?? {});
  };
  const isEnabled = commands.isEnabled.bind(commands);
  const caption = commands.caption.bind(commands);
  const execute = commands.execute.bind(commands);
  commands.isEnabled = (id, args) =>
    isEnabled(id, args) &&
    (isTold(id) || isKey(args) || why(id, args) === null);
  commands.caption = (id, args) => {
    const reason = why(id, args);
    const own = caption(id, args) || commands.label(id, args);
    return reason === null ? caption(id, args) : `${own} (${reason})`;
  };
  commands.execute = (id, args) => {
    const reason = why(id, args);
    if (reason === null) {
      return execute(id, args);
    }
    tell(trans.__('%1: %2', commands.label(id, args), reason));
    return Promise.resolve();
  };
}

/** Running stays at hand, as its key is pressed so often: it says why when it is tried. */
function isTold(id: string): boolean {
  return needOf(id)?.on === 'run';
}

/** Whether a key is pressed just now: it has no looks that could say that it does nothing. */
function isKey(args?: ReadonlyPartialJSONObject): boolean {
  const event = args?._luminoEvent as { type?: unknown } | undefined;
  return event?.type === 'keybinding';
}

let shown = '';

/** Say something in passing; once, however often it is tried. */
export function tell(text: string): void {
  if (shown && Notification.manager.has(shown)) {
    Notification.update({ id: shown, message: text, autoClose: 5000 });
  } else {
    shown = Notification.info(text, { autoClose: 5000 });
  }
}
