import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, body: string): LabIcon {
  return new LabIcon({
    name: `codesyncx:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
      '<g class="jp-icon-selectable csx-run-stroke" fill="none" stroke="currentColor" ' +
      `stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</g></svg>`
  });
}

const CIRCLE = '<circle cx="12" cy="12" r="9"/>';

/** A machine of its own with something that runs in it. */
export const runsIcon = icon(
  'runs',
  '<rect x="3" y="4" width="18" height="16" rx="2.500"/><path d="M10 8.500v7l5.500-3.500z"/>'
);
export const succeededIcon = icon(
  'run-succeeded',
  CIRCLE + '<path d="M7.500 12.500l3 3 6-6.500"/>'
);
export const failedIcon = icon(
  'run-failed',
  CIRCLE + '<path d="M9 9l6 6M15 9l-6 6"/>'
);
export const stoppedIcon = icon(
  'run-stopped',
  CIRCLE + '<rect x="9" y="9" width="6" height="6"/>'
);
export const waitingIcon = icon(
  'run-waiting',
  CIRCLE + '<path d="M12 7v5l3.500 2"/>'
);
export const underWayIcon = icon(
  'run-under-way',
  '<path d="M12 3a9 9 0 1 1-8.500 6"/>'
);
export const qrIcon = icon(
  'run-qr',
  '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM20 14v2M18 18v2h2M14 20v-1"/>'
);
export const keyIcon = icon(
  'run-secret',
  '<circle cx="8" cy="15" r="4"/><path d="M11 12l8-8M15.500 7.500l3 3"/>'
);
export const lintIcon = icon(
  'run-lint',
  '<path d="M4 6h16M4 11h9M4 16h6M14 16.500l2.500 2.500 4.500-5"/>'
);
export const testIcon = icon(
  'run-test',
  '<path d="M9.500 3h5M10.500 3v6.500L5 18.500a1.700 1.700 0 0 0 1.500 2.500h11a1.700 1.700 0 0 0 1.500-2.500L13.500 9.500V3M7.500 15h9"/>'
);
