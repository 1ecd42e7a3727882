import { IVoices } from '../presence/voices';
import { IRoom, trackOf } from './call-model';

/** What the rest of the page shows of a call: who is in it, speaks and has a hand up. */
export function voicesOf(room: IRoom, speaking: ReadonlySet<string>): IVoices {
  const callers = [room.you, ...room.people];
  const names = (of: typeof callers): ReadonlySet<string> =>
    new Set(of.map(({ person_id }) => person_id));
  return {
    inCall: names(callers),
    speaking: names(
      callers.filter(caller => {
        const voice = trackOf(caller, 'microphone');
        return voice && !voice.is_muted && speaking.has(voice.id);
      })
    ),
    hands: names(callers.filter(caller => caller.hand_raised_at !== null))
  };
}
