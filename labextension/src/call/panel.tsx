import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { IPresence } from '../presence/tokens';
import { Call } from './call';
import { callIcon } from './icons';
import { Pointers } from './pointers';
import { Preview } from './preview';
import { ICaller } from './protocol';
import { Reactions } from './reactions';
import { Stage } from './stage';
import { Toolbar } from './toolbar';

export interface ICallPanelOptions {
  readonly call: Call;
  readonly reactions: Reactions;
  readonly pointers: Pointers;
  readonly presence: IPresence | null;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  /** Called when the panel's tab is closed: it has a place at the side. */
  readonly putAside: () => void;
}

/** The call: before it what one looks like, then everybody who is in it. */
export class CallPanel extends ReactWidget {
  constructor(private readonly _options: ICallPanelOptions) {
    super();
    const title = _options.trans.__('Call');
    this.id = 'csx-call-panel';
    this.addClass('csx-Call');
    this.title.icon = callIcon;
    this.title.caption = title;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', title);
    _options.presence?.followingChanged.connect(() => this.update());
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  protected override onCloseRequest(): void {
    this._options.putAside();
  }

  protected override render(): React.JSX.Element {
    const { call } = this._options;
    return (
      <UseSignal signal={call.changed}>
        {() => <Content {...this._options} isShown={this.isVisible} />}
      </UseSignal>
    );
  }
}

interface IContentProps extends ICallPanelOptions {
  readonly isShown: boolean;
}

function Content(props: IContentProps): React.JSX.Element {
  const { call, reactions, trans, isShown, commands } = props;
  const { phase, room } = call;
  if (phase === 'off' || phase === 'joining') {
    return <Preview call={call} trans={trans} isShown={isShown} />;
  }
  return (
    <>
      {phase === 'waiting' && (
        <div className="csx-Call-lobby" role="status">
          <p>
            {trans.__(
              'You are in the lobby. A moderator of the call has been told, and lets you in.'
            )}
          </p>
          <button className="csx-Button" onClick={() => call.leave()}>
            {trans.__('Leave')}
          </button>
        </div>
      )}
      {phase === 'reconnecting' && (
        <p className="csx-Call-notice csx-mod-warning" role="alert">
          {trans.__('The connection is lost. You come back by yourself.')}
        </p>
      )}
      {room && phase !== 'waiting' && (
        <>
          <Stage
            call={call}
            room={room}
            reactions={reactions}
            pointers={props.pointers}
            presence={props.presence}
            trans={trans}
            moderation={{
              mute: caller => mute(call, caller),
              lowerHand: ({ member_id }) =>
                void call.ask({ type: 'lower_hand', member_id }),
              remove: caller => void remove(call, caller, trans)
            }}
          />
          <Toolbar call={call} room={room} commands={commands} trans={trans} />
        </>
      )}
    </>
  );
}

function mute(call: Call, { member_id, tracks }: ICaller): void {
  for (const { id, kind } of tracks) {
    if (kind === 'microphone') {
      void call.ask({ type: 'mute', member_id, track_id: id });
    }
  }
}

async function remove(
  call: Call,
  { member_id, display_name }: ICaller,
  trans: TranslationBundle
): Promise<void> {
  const { button } = await showDialog({
    title: trans.__('Remove %1 from the call?', display_name),
    body: trans.__('Who comes again after that waits until you let them in.'),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Remove') })
    ]
  });
  if (button.accept) {
    await call.ask({ type: 'remove', member_id });
  }
}
