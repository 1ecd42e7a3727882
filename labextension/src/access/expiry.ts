/** Until when access is given. */

export type ExpiryChoice = 'never' | 'hour' | 'day' | 'week' | 'month' | 'date';

export interface IExpiry {
  readonly choice: ExpiryChoice;
  /** As a `datetime-local` field has it; only for `date`. */
  readonly date: string;
}

export const NEVER: IExpiry = { choice: 'never', date: '' };

const DAY_S = 24 * 3600;
const LENGTHS_S: Partial<Record<ExpiryChoice, number>> = {
  hour: 3600,
  day: DAY_S,
  week: 7 * DAY_S,
  month: 30 * DAY_S
};

/** Unix seconds; null for no end, undefined while a date is chosen but not given. */
export function endOf(
  { choice, date }: IExpiry,
  nowS: number
): number | null | undefined {
  if (choice === 'never') {
    return null;
  }
  const length = LENGTHS_S[choice];
  if (length !== undefined) {
    return Math.round(nowS + length);
  }
  const time = new Date(date).getTime();
  return Number.isNaN(time) ? undefined : Math.round(time / 1000);
}

/** A moment as a `datetime-local` field takes it. */
export function dateField(seconds: number): string {
  const date = new Date(seconds * 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
