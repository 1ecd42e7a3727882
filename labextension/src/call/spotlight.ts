import { trackOf } from './call-model';
import { ICaller } from './protocol';

/** Who has one of the few places for those who talk. Nobody's place moves while they have it. */
export class Spotlight {
  /** How many places there are; with fewer than before, the last lose theirs. */
  constructor(public places: number) {}

  /** Who of these people has a place, now that these tracks have speech on them. */
  look(
    people: readonly ICaller[],
    speaking: ReadonlySet<string>
  ): readonly ICaller[] {
    const callers = new Map(people.map(each => [each.member_id, each]));
    this._shown = this._shown
      .filter(id => callers.has(id))
      .slice(0, this.places);
    this._spoken = this._spoken.filter(id => callers.has(id));
    for (const caller of people) {
      if (isSpeaking(caller, speaking)) {
        const { member_id: id } = caller;
        this._spoken = [id, ...this._spoken.filter(each => each !== id)];
        this._giveWay(id, speaking, callers);
      }
    }
    for (const id of [...this._spoken, ...callers.keys()]) {
      if (this._shown.length < this.places && !this._shown.includes(id)) {
        this._shown.push(id);
      }
    }
    return this._shown.flatMap(id => callers.get(id) ?? []);
  }

  /** Give somebody the place of whoever has been silent for longest. */
  private _giveWay(
    id: string,
    speaking: ReadonlySet<string>,
    callers: ReadonlyMap<string, ICaller>
  ): void {
    if (this._shown.includes(id) || this._shown.length < this.places) {
      return;
    }
    const rank = (other: string): number => {
      const index = this._spoken.indexOf(other);
      return index < 0 ? this._spoken.length : index;
    };
    const silent = this._shown
      .filter(other => !isSpeaking(callers.get(other), speaking))
      .sort((a, b) => rank(b) - rank(a));
    if (silent.length > 0) {
      this._shown[this._shown.indexOf(silent[0])] = id;
    }
  }

  private _shown: string[] = [];
  /** Who spoke last is first. */
  private _spoken: string[] = [];
}

/** Whether somebody is heard now. */
export function isSpeaking(
  caller: ICaller | undefined,
  speaking: ReadonlySet<string>
): boolean {
  const voice = caller && trackOf(caller, 'microphone');
  return voice !== undefined && !voice.is_muted && speaking.has(voice.id);
}
