import { TranslationBundle } from '@jupyterlab/translation';

import { CallNotice } from './call';
import { isSilent } from './call-model';
import { DeviceError } from './devices';
import { ICaller, TrackKind } from './protocol';
import { IEnding } from './signalling';

/** Why I am in the call no more, or didn't get in. */
export function endingText(ending: IEnding, trans: TranslationBundle): string {
  switch (ending.code) {
    case 'removed':
      return trans.__(
        'A moderator removed you from the call. If you join again, somebody has to let you in.'
      );
    case 'room_locked':
      return trans.__(
        'The call is locked. Ask somebody who is in it to open it.'
      );
    case 'refused':
    case 'shut_out':
      return (
        ending.message ||
        trans.__('You may not join calls of this project. Ask its owner.')
      );
    case 'calls_unavailable':
      return trans.__(
        'Calls can’t be started on this server; its log says why. Tell whoever runs it.'
      );
    default:
      return (
        ending.message ||
        trans.__('The call could not be reached. Try again in a moment.')
      );
  }
}

export function noticeText(
  notice: CallNotice,
  trans: TranslationBundle
): string {
  switch (notice.type) {
    case 'device':
      return deviceText(notice.error, trans);
    case 'replaced':
      return notice.source === 'microphone'
        ? trans.__(
            'Your microphone is gone. You are heard through “%1” now.',
            notice.name
          )
        : trans.__(
            'Your camera is gone. You are seen through “%1” now.',
            notice.name
          );
    case 'refused':
      return notice.message;
    case 'moved':
      return notice.to === ''
        ? trans.__('You are with everybody again in the call.')
        : trans.__('You are in the breakout room %1 now.', notice.to);
    case 'recording':
      return trans.__(
        'This call is being recorded: who is in it may be seen and heard in the recording.'
      );
    case 'recorded':
      return recordedText(notice.reason, notice.path, trans);
    case 'broadcast':
      return trans.__('%1 to all rooms: %2', notice.by, notice.text);
    case 'muted':
      return notice.kind === 'microphone'
        ? trans.__(
            '%1 muted you. Switch your microphone on again when you want to speak.',
            notice.by || trans.__('A moderator')
          )
        : trans.__(
            '%1 switched your camera off.',
            notice.by || trans.__('A moderator')
          );
    case 'ended':
      return notice.by === ''
        ? trans.__(
            'You may no longer send your %1: an owner changed your rights.',
            kindText(notice.kind, trans)
          )
        : trans.__(
            '%1 ended your %2.',
            notice.by,
            kindText(notice.kind, trans)
          );
  }
}

/** Why a recording ended, and where it is. */
function recordedText(
  reason: string,
  path: string,
  trans: TranslationBundle
): string {
  const where =
    path === ''
      ? trans.__('Nothing of it is in the project; the server’s log says why.')
      : trans.__('It is in %1.', path);
  switch (reason) {
    case 'stopped':
      return `${trans.__('The recording of the call ended.')} ${where}`;
    case 'too_long':
      return `${trans.__('The recording of the call ended: it is as long as it may be.')} ${where}`;
    case 'disk_full':
      return `${trans.__('The recording of the call ended: there is no more room on the server’s disk. The call goes on.')} ${where}`;
    default:
      return `${trans.__('The recording of the call ended because of an error. The call goes on.')} ${where}`;
  }
}

/** What is wrong with a device, and what to do. */
export function deviceText(
  error: DeviceError,
  trans: TranslationBundle
): string {
  const device = sourceText(error, trans);
  switch (error.fault) {
    case 'insecure':
      return trans.__(
        'The browser lets only pages with HTTPS use your %1. Ask whoever runs this server for an https:// address.',
        device
      );
    case 'refused':
      return trans.__(
        'The browser doesn’t let this page use your %1. Allow it beside the address and try again.',
        device
      );
    case 'none':
      return trans.__(
        'The browser finds no %1. Plug one in, or choose another one.',
        device
      );
    case 'in_use':
      return trans.__(
        'Another program uses your %1. Close it there and try again.',
        device
      );
    case 'unknown':
      return trans.__('Your %1 could not be started. Try again.', device);
  }
}

/** A tile, for those who don't see it. */
export function callerText(
  caller: ICaller,
  isMe: boolean,
  isSpeaking: boolean,
  trans: TranslationBundle
): string {
  const facts = [isMe ? trans.__('You') : caller.display_name];
  if (isSilent(caller)) {
    facts.push(trans.__('muted'));
  } else if (isSpeaking) {
    facts.push(trans.__('speaking'));
  }
  if (caller.hand_raised_at !== null) {
    facts.push(trans.__('hand raised'));
  }
  if (!isMe && caller.quality !== 'good') {
    facts.push(
      caller.quality === 'bad'
        ? trans.__('bad connection')
        : trans.__('weak connection')
    );
  }
  return facts.join(', ');
}

function sourceText({ source }: DeviceError, trans: TranslationBundle): string {
  switch (source) {
    case 'microphone':
      return trans.__('microphone');
    case 'camera':
      return trans.__('camera');
    case 'screen':
      return trans.__('screen');
  }
}

export function kindText(kind: TrackKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'microphone':
      return trans.__('microphone');
    case 'camera':
      return trans.__('camera');
    case 'screen':
    case 'screen_sound':
      return trans.__('shared screen');
  }
}
