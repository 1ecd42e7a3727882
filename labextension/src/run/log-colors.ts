import type { ISearchDecorationOptions } from '@xterm/addon-search';
import type { ITheme } from '@xterm/xterm';

interface ILogColors {
  readonly theme: ITheme;
  readonly fontFamily: string;
  readonly found: ISearchDecorationOptions;
}

/** The colours of JupyterLab's theme for a terminal, which can't read CSS variables itself. */
export function logColors(node: HTMLElement): ILogColors {
  const style = getComputedStyle(node);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  const foreground = of('--jp-content-font-color1') || style.color;
  const background = of('--jp-layout-color0') || style.backgroundColor;
  const isDark = document.body.dataset.jpThemeLight === 'false';
  return {
    theme: {
      foreground,
      background,
      cursor: background,
      selectionBackground: isDark ? '#3a5f8f' : '#b3d7ff',
      ...(isDark ? DARK : LIGHT)
    },
    fontFamily: of('--jp-code-font-family') || 'monospace',
    found: isDark ? FOUND_DARK : FOUND_LIGHT
  };
}

const LIGHT: ITheme = {
  black: '#24292f',
  red: '#b3261e',
  green: '#1a6f37',
  yellow: '#7d5a00',
  blue: '#0550ae',
  magenta: '#8250df',
  cyan: '#1b6f7d',
  white: '#57606a',
  brightBlack: '#57606a',
  brightRed: '#a40e26',
  brightGreen: '#1f7a3d',
  brightYellow: '#6b4c00',
  brightBlue: '#1b5fc1',
  brightMagenta: '#9747d9',
  brightCyan: '#27707c',
  brightWhite: '#41484f'
};

const DARK: ITheme = {
  black: '#6e7681',
  red: '#ff8f87',
  green: '#7ee090',
  yellow: '#e3b341',
  blue: '#8cbcff',
  magenta: '#d9b3ff',
  cyan: '#6fd5e0',
  white: '#d0d7de',
  brightBlack: '#9aa4ae',
  brightRed: '#ffb3ad',
  brightGreen: '#a5edb2',
  brightYellow: '#f2cc60',
  brightBlue: '#b3d3ff',
  brightMagenta: '#e6ccff',
  brightCyan: '#a0e6ee',
  brightWhite: '#ffffff'
};

const FOUND_LIGHT: ISearchDecorationOptions = {
  matchBackground: '#fff2a8',
  activeMatchBackground: '#ffb84d',
  matchOverviewRuler: '#d9a400',
  activeMatchColorOverviewRuler: '#e07b00'
};

const FOUND_DARK: ISearchDecorationOptions = {
  matchBackground: '#5c4a00',
  activeMatchBackground: '#9a5b00',
  matchOverviewRuler: '#d9a400',
  activeMatchColorOverviewRuler: '#e07b00'
};
