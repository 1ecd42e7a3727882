import { LabIcon } from '@jupyterlab/ui-components';

const EYE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
  <g fill="none" stroke="currentColor" stroke-width="1.4">
    <path d="M1.3 8C3 5.2 5.3 3.8 8 3.8s5 1.4 6.7 4.2C13 10.8 10.7 12.2 8 12.2S3 10.8 1.3 8z"
    />
    <circle cx="8" cy="8" r="2" fill="currentColor" stroke="none"/>
  </g>
</svg>`;

const GATHER = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
  <g fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">
    <circle cx="8" cy="8" r="1.7" fill="currentColor" stroke="none"/>
    <path d="M2 2l3 3M5 2.8V5H2.8M14 2l-3 3M11 2.8V5h2.2M2 14l3-3M5 13.2V11H2.8M14 14l-3-3M11 13.2V11h2.2"/>
  </g>
</svg>`;

/** An eye: somebody looks along. */
export const followIcon = new LabIcon({
  name: 'codesyncx:follow',
  svgstr: EYE
});

/** Arrows that meet. */
export const gatherIcon = new LabIcon({
  name: 'codesyncx:gather',
  svgstr: GATHER
});
