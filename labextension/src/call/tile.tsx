import { TranslationBundle } from '@jupyterlab/translation';
import { classes, LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Avatar } from '../presence/avatar';
import { initialsOf } from '../presence/protocol';
import { isSilent, trackOf } from './call-model';
import {
  cameraOffIcon,
  handIcon,
  microphoneOffIcon,
  removeIcon
} from './icons';
import { ICaller } from './protocol';
import { IReaction } from './reactions';
import { Video } from './video';
import { callerText } from './wording';

/** What a moderator may do to somebody. */
export interface IModeration {
  readonly mute: (caller: ICaller) => void;
  readonly switchCameraOff: (caller: ICaller) => void;
  /** End a screen of theirs. */
  readonly end: (caller: ICaller, trackId: string) => void;
  readonly lowerHand: (caller: ICaller) => void;
  readonly remove: (caller: ICaller) => void;
}

interface ITileProps {
  readonly caller: ICaller;
  readonly isMe: boolean;
  readonly isSpeaking: boolean;
  /** Null while there is no picture. */
  readonly picture: MediaStreamTrack | null;
  readonly reactions: readonly IReaction[];
  readonly moderation: IModeration | null;
  /** How good their connection is, where it is known. */
  readonly signal: React.ReactNode;
  readonly trans: TranslationBundle;
}

/** One person of the call. */
export function Tile(props: ITileProps): React.JSX.Element {
  const { caller, isMe, isSpeaking, picture, moderation, trans } = props;
  const isMuted = isSilent(caller);
  return (
    <li
      className={classes('csx-Call-tile', isSpeaking ? 'csx-mod-speaking' : '')}
      data-member={caller.member_id}
      aria-label={callerText(caller, isMe, isSpeaking, trans)}
    >
      {picture ? (
        <Video track={picture} isMirrored={isMe} />
      ) : (
        <Avatar
          user={{
            username: caller.person_id,
            display_name: caller.display_name,
            initials: initialsOf(caller.display_name),
            color: null,
            avatar_url: null
          }}
        />
      )}
      {props.reactions.map(({ key, emoji }) => (
        <span
          key={key}
          className="csx-Call-reaction"
          // Where it rises differs, so that several are told apart.
          style={{ insetInlineStart: `${20 + ((key * 37) % 60)}%` }}
          aria-hidden="true"
        >
          {emoji}
        </span>
      ))}
      <span className="csx-Call-hidden" role="status">
        {props.reactions.length > 0 &&
          trans.__(
            '%1 reacts with %2',
            isMe ? trans.__('You') : caller.display_name,
            props.reactions.map(({ emoji }) => emoji).join(' ')
          )}
      </span>
      {caller.hand_raised_at !== null && (
        <span className="csx-Call-hand" title={trans.__('Hand raised')}>
          <handIcon.react tag="span" className="csx-Call-icon" />
        </span>
      )}
      <span className="csx-Call-name" title={caller.display_name}>
        {isMuted && (
          <microphoneOffIcon.react tag="span" className="csx-Call-muted" />
        )}
        <span className="csx-Call-nameText">
          {isMe ? trans.__('You') : caller.display_name}
        </span>
        {props.signal}
      </span>
      {moderation && !isMe && (
        <Actions
          caller={caller}
          isMuted={isMuted}
          hasCamera={trackOf(caller, 'camera')?.is_muted === false}
          {...moderation}
          trans={trans}
        />
      )}
    </li>
  );
}

interface IActionsProps extends IModeration {
  readonly caller: ICaller;
  readonly isMuted: boolean;
  readonly hasCamera: boolean;
  readonly trans: TranslationBundle;
}

function Actions(props: IActionsProps): React.JSX.Element {
  const { caller, isMuted, trans } = props;
  const name = caller.display_name;
  return (
    <span className="csx-Call-actions">
      {!isMuted && (
        <Action
          icon={microphoneOffIcon}
          label={trans.__('Mute %1', name)}
          onClick={() => props.mute(caller)}
        />
      )}
      {props.hasCamera && (
        <Action
          icon={cameraOffIcon}
          label={trans.__('Switch the camera of %1 off', name)}
          onClick={() => props.switchCameraOff(caller)}
        />
      )}
      {caller.hand_raised_at !== null && (
        <Action
          icon={handIcon}
          label={trans.__('Lower the hand of %1', name)}
          onClick={() => props.lowerHand(caller)}
        />
      )}
      <Action
        icon={removeIcon}
        label={trans.__('Remove %1 from the call', name)}
        onClick={() => props.remove(caller)}
      />
    </span>
  );
}

function Action(props: {
  readonly icon: LabIcon;
  readonly label: string;
  readonly onClick: () => void;
}): React.JSX.Element {
  return (
    <button
      className="csx-Call-action"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" className="csx-Call-icon" />
    </button>
  );
}
