import { CommandRegistry } from '@lumino/commands';
import { BoxLayout, Widget } from '@lumino/widgets';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Call } from './call';
import { IRoom, peopleHere, screensOf } from './call-model';
import { CaptionLines } from './caption-lines';
import { Captions } from './captions';
import { COMMANDS } from './commands';
import {
  callIcon,
  cameraIcon,
  cameraOffIcon,
  hangUpIcon,
  microphoneIcon,
  microphoneOffIcon
} from './icons';
import { Reactions } from './reactions';
import { Spotlight } from './spotlight';
import { CallerTile } from './stage';
import { Tool } from './toolbar';
import { Video } from './video';

const STRIP_PLACES = 6;

export interface ICompactOptions {
  readonly call: Call;
  readonly reactions: Reactions;
  readonly captions: Captions;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** The call in little: who talks, and what one needs at once. */
abstract class CompactCall extends ReactWidget {
  constructor(
    protected readonly options: ICompactOptions,
    places: number
  ) {
    super();
    this._spotlight = new Spotlight(places);
    this.node.setAttribute('role', 'region');
  }

  protected override render(): React.JSX.Element {
    const { call, reactions } = this.options;
    return (
      <UseSignal signal={call.changed}>
        {() => (
          <UseSignal signal={reactions.changed}>
            {() => (call.room ? this.draw(call.room) : <></>)}
          </UseSignal>
        )}
      </UseSignal>
    );
  }

  protected abstract draw(room: IRoom): React.JSX.Element;

  protected people(room: IRoom): React.JSX.Element {
    const { call, reactions, trans } = this.options;
    const shown = this._spotlight.look(peopleHere(room), call.speaking);
    return (
      <ul
        className="csx-CompactCall-tiles"
        aria-label={trans.__('People in the call')}
      >
        {shown.map(caller => (
          <CallerTile
            key={caller.member_id}
            call={call}
            room={room}
            caller={caller}
            reactions={reactions}
            moderation={null}
            trans={trans}
          />
        ))}
      </ul>
    );
  }

  protected lines(room: IRoom): React.JSX.Element {
    const { captions, trans } = this.options;
    return <CaptionLines captions={captions} room={room} trans={trans} />;
  }

  protected tools(room: IRoom): React.JSX.Element {
    const { call, commands, trans } = this.options;
    const { isMicrophoneOn, isCameraOn } = call.mine;
    const tools = { call, room, commands, trans };
    return (
      <div
        className="csx-CompactCall-tools"
        role="toolbar"
        aria-label={trans.__('Call')}
      >
        <Tool
          {...tools}
          command={COMMANDS.toggleMicrophone}
          icon={isMicrophoneOn ? microphoneIcon : microphoneOffIcon}
          isOff={!isMicrophoneOn}
        />
        <Tool
          {...tools}
          command={COMMANDS.toggleCamera}
          icon={isCameraOn ? cameraIcon : cameraOffIcon}
          isOff={!isCameraOn}
        />
        <Tool
          {...tools}
          command={COMMANDS.leave}
          icon={hangUpIcon}
          isLeave={true}
        />
      </div>
    );
  }

  private readonly _spotlight: Spotlight;
}

/** A thin row above the files. */
export class CallStrip extends CompactCall {
  constructor(options: ICompactOptions) {
    super(options, STRIP_PLACES);
    this.id = 'csx-call-strip';
    this.addClass('csx-Call-compact');
    this.addClass('csx-CallStrip');
    this.node.setAttribute(
      'aria-label',
      options.trans.__('Call above the files')
    );
  }

  protected draw(room: IRoom): React.JSX.Element {
    const { commands, trans } = this.options;
    const here = peopleHere(room).length;
    const rest = here - STRIP_PLACES;
    const label = commands.label(COMMANDS.show);
    return (
      <>
        {this.people(room)}
        {rest > 0 && (
          <span className="csx-CallStrip-rest">
            {trans._n('%1 more', '%1 more', rest)}
          </span>
        )}
        {here === 0 && (
          <span className="csx-CallStrip-rest">
            {trans.__('Nobody else is here yet.')}
          </span>
        )}
        {this.lines(room)}
        {this.tools(room)}
        <button
          className="csx-Call-tool"
          aria-label={label}
          title={label}
          onClick={() => void commands.execute(COMMANDS.show)}
        >
          <callIcon.react tag="span" className="csx-Call-icon" />
        </button>
      </>
    );
  }
}

/** The call in a window of its own that stays above other programs. */
export class FloatingCall extends CompactCall {
  constructor(options: ICompactOptions) {
    super(options, 4);
    this.addClass('csx-Call-compact');
    this.addClass('csx-FloatingCall');
    this.node.setAttribute('aria-label', options.trans.__('Call'));
  }

  protected draw(room: IRoom): React.JSX.Element {
    const { call, trans } = this.options;
    const screen = screensOf(room).at(-1);
    const picture = screen && call.tracks.get(screen.track.id);
    return (
      <>
        {screen && picture && (
          <div className="csx-FloatingCall-screen">
            <Video
              track={picture}
              label={trans.__('The screen of %1', screen.caller.display_name)}
            />
          </div>
        )}
        {peopleHere(room).length === 0 && (
          <p className="csx-FloatingCall-empty">
            {trans.__('Nobody else is here yet.')}
          </p>
        )}
        {this.people(room)}
        {this.lines(room)}
        {this.tools(room)}
      </>
    );
  }
}

/** Put a row between JupyterLab's top bar and what is below it. */
export function putAboveTheFiles(shell: Widget, row: Widget): void {
  const { layout } = shell;
  if (!(layout instanceof BoxLayout)) {
    return; // another shell, which has no such place
  }
  const below = layout.widgets.findIndex(
    ({ id }) => id === 'jp-main-content-panel'
  );
  BoxLayout.setStretch(row, 0);
  layout.insertWidget(below < 0 ? layout.widgets.length : below, row);
}
