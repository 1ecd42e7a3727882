import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, body: string): LabIcon {
  return new LabIcon({
    name: `codesyncx:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
      '<g class="csx-call-stroke" fill="none" stroke="currentColor" stroke-width="1.9" ' +
      `stroke-linecap="round" stroke-linejoin="round">${body}</g></svg>`
  });
}

const MICROPHONE =
  '<rect x="9" y="2.5" width="6" height="12" rx="3"/>' +
  '<path d="M5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3.500"/>';
const CAMERA =
  '<rect x="2.500" y="6" width="12.500" height="12" rx="2.500"/>' +
  '<path d="M15 10.500l6.500-3.500v10L15 13.500"/>';
const SLASH = '<path d="M3.500 3.500l17 17"/>';

/** A handset. */
export const callIcon = icon(
  'call',
  '<path d="M6.500 3.500h3l1.500 4.500-2.200 1.600a12 12 0 0 0 5.600 5.600L16 13l4.500 1.500v3a3 3 0 0 1-3.200 3A16.500 16.500 0 0 1 3.500 6.700a3 3 0 0 1 3-3.200z"/>'
);
export const microphoneIcon = icon('microphone', MICROPHONE);
export const microphoneOffIcon = icon('microphone-off', MICROPHONE + SLASH);
export const cameraIcon = icon('camera', CAMERA);
export const cameraOffIcon = icon('camera-off', CAMERA + SLASH);
/** A dot in a circle. */
export const recordIcon = icon(
  'record',
  '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="4" fill="currentColor"/>'
);
export const screenIcon = icon(
  'screen',
  '<rect x="2.500" y="4" width="19" height="13" rx="2"/><path d="M8 21h8M12 13.500V8M9.500 10L12 7.500l2.500 2.500"/>'
);
export const handIcon = icon(
  'hand',
  '<path d="M7 12.500V6.300a1.500 1.500 0 0 1 3 0V11V4a1.500 1.500 0 0 1 3 0v7V5.300a1.500 1.500 0 0 1 3 0V12V8.300a1.500 1.500 0 0 1 3 0V15a6.500 6.500 0 0 1-6.500 6.500c-3 0-4.300-1.300-5.500-3.500l-3-5.200a1.500 1.500 0 0 1 2.600-1.500L7 13.500"/>'
);
export const hangUpIcon = icon(
  'hang-up',
  '<path d="M2.500 14.500c0-3 4.300-6 9.500-6s9.500 3 9.500 6v1.300a1 1 0 0 1-1.200 1l-3.800-.8a1 1 0 0 1-.8-1v-2.200a12 12 0 0 0-7.400 0V15a1 1 0 0 1-.8 1l-3.800.8a1 1 0 0 1-1.200-1z"/>'
);
export const lockIcon = icon(
  'lock',
  '<rect x="5" y="10.500" width="14" height="10" rx="2"/><path d="M8 10.500V7.500a4 4 0 0 1 8 0v3"/>'
);
export const lobbyIcon = icon(
  'lobby',
  '<path d="M5 21V4.500A1.500 1.500 0 0 1 6.500 3h11A1.500 1.500 0 0 1 19 4.500V21M3 21h18M14.500 12v1"/>'
);
export const reactIcon = icon(
  'react',
  '<circle cx="12" cy="12" r="9.500"/><path d="M8 14.500a4.700 4.700 0 0 0 8 0M8.700 9v.5M15.300 9v.5"/>'
);
export const pointerIcon = icon(
  'laser-pointer',
  '<circle cx="12" cy="12" r="3.500" fill="currentColor"/><path d="M12 2.500v3M12 18.500v3M2.500 12h3M18.500 12h3"/>'
);
export const fullScreenIcon = icon(
  'full-screen',
  '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>'
);
export const leaveFullScreenIcon = icon(
  'leave-full-screen',
  '<path d="M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5"/>'
);
export const zoomInIcon = icon('zoom-in', '<path d="M5 12h14M12 5v14"/>');
export const zoomOutIcon = icon('zoom-out', '<path d="M5 12h14"/>');
export const stopIcon = icon(
  'stop-sharing',
  '<rect x="5.500" y="5.500" width="13" height="13" rx="2" fill="currentColor"/>'
);
export const pictureInPictureIcon = icon(
  'picture-in-picture',
  '<rect x="2.500" y="4" width="19" height="15" rx="2"/><rect x="11.500" y="11" width="7.500" height="5.500" rx="1" fill="currentColor"/>'
);
export const removeIcon = icon(
  'remove-caller',
  '<path d="M6 6l12 12M18 6L6 18"/>'
);
