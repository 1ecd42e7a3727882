import { TranslationBundle } from '@jupyterlab/translation';

/** A day as a heading: today, yesterday or the date. */
export function formatDay(
  time: number,
  trans: TranslationBundle,
  now = new Date()
): string {
  const day = startOfDay(new Date(time * 1000));
  const age = Math.round((startOfDay(now) - day) / 86_400_000);
  if (age === 0) {
    return trans.__('Today');
  }
  if (age === 1) {
    return trans.__('Yesterday');
  }
  return new Date(time * 1000).toLocaleDateString(undefined, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric'
  });
}

/** The time of day. */
export function formatTime(time: number): string {
  return new Date(time * 1000).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** Day and time in one. */
export function formatMoment(time: number, trans: TranslationBundle): string {
  return `${formatDay(time, trans)}, ${formatTime(time)}`;
}

function startOfDay(date: Date): number {
  return new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate()
  ).getTime();
}
