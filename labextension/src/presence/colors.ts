/** Colours of people: one for each, and an ink that reads well on it. */

import { IUser } from './protocol';

/** JupyterLab's themes define so many colours for collaborators. */
const THEME_COLORS = 7;

export const DARK_INK = '#111111';
export const LIGHT_INK = '#ffffff';

export type Rgb = readonly [number, number, number];

/** The colour the server gave, else one of the theme's that is always the same for a name. */
export function colorOf(user: IUser): string {
  return user.color ?? `var(--jp-collaborator-color${hash(user.username)})`;
}

function hash(text: string): number {
  let sum = 0;
  for (const letter of text) {
    sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  }
  return (sum % THEME_COLORS) + 1;
}

/** Whichever ink stands out more on a colour (WCAG contrast). */
export function inkOn(color: Rgb): string {
  const light = luminance(color);
  const onDark = (light + 0.05) / (luminance([17, 17, 17]) + 0.05);
  const onLight = 1.05 / (light + 0.05);
  return onDark >= onLight ? DARK_INK : LIGHT_INK;
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map(value => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The numbers in a computed colour (`rgb(1, 2, 3)`). */
export function parseRgb(text: string): Rgb | null {
  const numbers = /^rgba?\(([\d.]+),? ([\d.]+),? ([\d.]+)/.exec(text);
  return numbers
    ? [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])]
    : null;
}
