import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { TranslationBundle } from '@jupyterlab/translation';

import { CLOCK } from '../presence/store';
import { Call } from './call';
import { may } from './call-model';
import { COMMANDS } from './commands';
import { Settings } from './settings';
import { offeredRecognition, SpeechWriter } from './speech-writer';

/** Write down what I say for the others, where the browser recognises speech and I want it. */
export function addCaptioning(
  commands: CommandRegistry,
  call: Call,
  settings: Settings,
  trans: TranslationBundle
): void {
  const make = offeredRecognition();
  if (!make) {
    return;
  }
  const writer = new SpeechWriter({
    make,
    tell: (text, is_final) => call.tell({ type: 'caption', text, is_final }),
    onRefused: () => {
      void settings.set('captions', false);
      Notification.warning(
        trans.__(
          'The browser doesn’t recognise speech here, so what you say isn’t written down.'
        ),
        { autoClose: 8000 }
      );
    },
    clock: CLOCK
  });
  const update = (): void => {
    const isHeard = call.phase === 'in' && call.mine.isMicrophoneOn;
    if (settings.now.captions && isHeard) {
      writer.listen(document.documentElement.lang || navigator.language);
    } else {
      writer.stop();
    }
  };
  call.changed.connect(update);
  settings.changed.connect(update);
  commands.addCommand(COMMANDS.captions, {
    label: trans.__('Write Down What I Say'),
    caption: trans.__('For those who read rather than hear'),
    isToggleable: true,
    isToggled: () => settings.now.captions,
    isEnabled: () => call.phase === 'in' && may(call.room?.you, 'speak'),
    execute: async () => {
      const isOn = !settings.now.captions;
      if (!isOn || (await agrees(trans))) {
        await settings.set('captions', isOn);
      }
    }
  });
}

async function agrees(trans: TranslationBundle): Promise<boolean> {
  const { button } = await showDialog({
    title: trans.__('Write down what you say?'),
    body: trans.__(
      'Your browser recognises what you say, and the others read it. Many browsers have their maker do that: your voice then goes to the maker’s servers, too.'
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Write it down') })
    ]
  });
  return button.accept;
}
