import { LabIcon } from '@jupyterlab/ui-components';

const LOCK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
  <rect x="3.2" y="7" width="9.6" height="6.8" rx="1.4" fill="currentColor"/>
  <path d="M5.2 7V5.2a2.8 2.8 0 0 1 5.6 0V7" fill="none" stroke="currentColor" stroke-width="1.5"/>
</svg>`;

const PENCIL = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
  <path d="M2.6 13.4l.7-3.2 7.4-7.4a1.2 1.2 0 0 1 1.7 0l.8.8a1.2 1.2 0 0 1 0 1.7l-7.4 7.4z"
    fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"/>
  <path d="M9.4 4.1l2.5 2.5" stroke="currentColor" stroke-width="1.4"/>
</svg>`;

const SHARE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
  <g fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round">
    <circle cx="6.2" cy="5.2" r="2.6"/>
    <path d="M1.4 13.4c.4-2.8 2.2-4.3 4.8-4.3 1.6 0 2.9.5 3.7 1.6"/>
    <path d="M12.4 9.2v4.6M10.1 11.5h4.6"/>
  </g>
</svg>`;

/** A padlock: nothing to change here. */
export const lockIcon = new LabIcon({ name: 'codesyncx:lock', svgstr: LOCK });

/** A pencil: yours to change. */
export const pencilIcon = new LabIcon({
  name: 'codesyncx:pencil',
  svgstr: PENCIL
});

/** A person and a plus: share with somebody. */
export const shareIcon = new LabIcon({
  name: 'codesyncx:share',
  svgstr: SHARE
});
