import { IVoices } from '../presence/voices';
import { IRoom } from './call-model';
import { isSpeaking } from './spotlight';

/** What the rest of the page shows of a call: who is in it, speaks and has a hand up. */
export function voicesOf(room: IRoom, speaking: ReadonlySet<string>): IVoices {
  const callers = [room.you, ...room.people];
  const names = (of: typeof callers): ReadonlySet<string> =>
    new Set(of.map(({ person_id }) => person_id));
  return {
    inCall: names(callers),
    speaking: names(callers.filter(caller => isSpeaking(caller, speaking))),
    hands: names(callers.filter(caller => caller.hand_raised_at !== null))
  };
}
