import { CommandRegistry } from '@lumino/commands';
import { Message } from '@lumino/messaging';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { IPresence } from '../presence/tokens';
import { ITeam } from './breakout-model';
import { BreakoutNotice } from './breakout-notice';
import { Breakouts } from './breakouts';
import { Call } from './call';
import { IRoom, may } from './call-model';
import { COMMANDS, View } from './commands';
import { CaptionLines } from './caption-lines';
import { Captions } from './captions';
import { Outcome } from './connection-test';
import { ConnectionWatch } from './connection-watch';
import { FollowNotice } from './follow-notice';
import { callIcon } from './icons';
import { Pointers } from './pointers';
import { FollowOffer } from './presenter';
import { Preview } from './preview';
import { ICaller, TrackKind } from './protocol';
import { QualityNotice } from './quality-notice';
import { Reactions } from './reactions';
import { Stage } from './stage';
import { SignalBars } from './signal-bars';
import { Statistics } from './statistics-view';
import { Status } from './status';
import { Toolbar } from './toolbar';
import { WaitingList } from './waiting-list';

export interface ICallPanelOptions {
  readonly call: Call;
  readonly reactions: Reactions;
  readonly captions: Captions;
  readonly pointers: Pointers;
  readonly presence: IPresence | null;
  /** Null where nobody can be followed. */
  readonly offer: FollowOffer | null;
  readonly connection: ConnectionWatch;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  /** Test whether calls work here. */
  readonly test: (signal: AbortSignal) => Promise<Outcome>;
  /** The groups of the project; none for who may not know them. */
  readonly fetchTeams: () => Promise<readonly ITeam[]>;
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

  /** Show a view, or the people again where it is shown already. */
  toggle(view: View): void {
    this._view = this._view === view ? 'people' : view;
    this.update();
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
        {() => (
          <Content
            {...this._options}
            isShown={this.isVisible}
            view={this._view}
            toggle={view => this.toggle(view)}
          />
        )}
      </UseSignal>
    );
  }

  private _view: View = 'people';
}

interface IContentProps extends ICallPanelOptions {
  readonly isShown: boolean;
  readonly view: View;
  readonly toggle: (view: View) => void;
}

function Content(props: IContentProps): React.JSX.Element {
  const { call, trans, isShown, commands, toggle } = props;
  const { phase, room } = call;
  if (phase === 'off' || phase === 'joining') {
    return (
      <Preview
        call={call}
        commands={commands}
        trans={trans}
        isShown={isShown}
        test={props.test}
      />
    );
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
      {room && phase !== 'waiting' && <WayNotice call={call} trans={trans} />}
      {room && phase !== 'waiting' && (
        <>
          <Status
            room={room}
            watch={() => void commands.execute(COMMANDS.watchRecording)}
            trans={trans}
          />
          {may(room.you, 'moderate') && room.waiting.length > 0 && (
            <WaitingList call={call} waiting={room.waiting} trans={trans} />
          )}
          <QualityNotice connection={props.connection} trans={trans} />
          <BreakoutNotice
            call={call}
            room={room}
            trans={trans}
            showRooms={
              props.view === 'breakouts' ? null : () => toggle('breakouts')
            }
          />
          <Main {...props} room={room} />
          {props.offer && <FollowNotice offer={props.offer} trans={trans} />}
          <CaptionLines captions={props.captions} room={room} trans={trans} />
          <Toolbar call={call} room={room} commands={commands} trans={trans} />
        </>
      )}
    </>
  );
}

/** The view that was chosen, as long as it is one's to see. */
function Main(
  props: IContentProps & { readonly room: IRoom }
): React.JSX.Element {
  const { call, room, connection, trans, view, toggle } = props;
  if (view === 'breakouts' && may(room.you, 'moderate')) {
    return (
      <Breakouts
        call={call}
        room={room}
        trans={trans}
        fetchTeams={props.fetchTeams}
        close={() => toggle('breakouts')}
      />
    );
  }
  if (view === 'statistics') {
    return (
      <Statistics
        call={call}
        room={room}
        connection={connection}
        trans={trans}
        close={() => toggle('statistics')}
      />
    );
  }
  return (
    <Stage
      call={call}
      room={room}
      reactions={props.reactions}
      pointers={props.pointers}
      presence={props.presence}
      trans={trans}
      signal={
        <UseSignal signal={connection.changed}>
          {() => (
            <SignalBars quality={connection.verdict.quality} trans={trans} />
          )}
        </UseSignal>
      }
      moderation={{
        mute: caller => mute(call, caller, 'microphone'),
        switchCameraOff: caller => mute(call, caller, 'camera'),
        end: ({ member_id }, track_id) =>
          void call.ask({ type: 'end_track', member_id, track_id }),
        lowerHand: ({ member_id }) =>
          void call.ask({ type: 'lower_hand', member_id }),
        remove: caller => void remove(call, caller, trans)
      }}
    />
  );
}

/** Why pictures are small, where they are. */
function WayNotice({
  call,
  trans
}: {
  readonly call: Call;
  readonly trans: TranslationBundle;
}): React.JSX.Element | null {
  if (call.isCutOff) {
    return (
      <p className="csx-Call-notice csx-mod-warning" role="alert">
        {trans.__(
          'This network lets only web traffic through, and this browser is too old to send sound and pictures that way. Use a newer browser, or another network.'
        )}
      </p>
    );
  }
  return call.way === 'websocket' ? (
    <p
      className="csx-Call-notice csx-mod-quiet"
      role="status"
      title={trans.__('Sound and pictures go over a WebSocket.')}
    >
      {trans.__(
        'Your network lets only web traffic through, so pictures are smaller.'
      )}
    </p>
  ) : null;
}

function mute(
  call: Call,
  { member_id, tracks }: ICaller,
  what: TrackKind
): void {
  for (const { id, kind } of tracks) {
    if (kind === what) {
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
