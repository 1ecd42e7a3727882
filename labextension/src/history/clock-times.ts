import { ClockMark } from './messages';

/** When clients reached their clocks, as far as versions noted it. */
export class ClockTimes {
  private readonly marks = new Map<number, { clock: number; time: number }[]>();

  constructor(marks: ClockMark[]) {
    for (const [clientId, clock, time] of marks) {
      const known = this.marks.get(clientId) ?? [];
      known.push({ clock, time });
      this.marks.set(clientId, known);
    }
    for (const known of this.marks.values()) {
      known.sort((a, b) => a.clock - b.clock);
    }
  }

  /** By when the unit `clock` of a client was written, null when that isn't known (yet). */
  timeOf(clientId: number, clock: number): number | null {
    const mark = this.marks.get(clientId)?.find(known => known.clock > clock);
    return mark?.time ?? null;
  }
}
