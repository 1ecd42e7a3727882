import { LabIcon } from '@jupyterlab/ui-components';

const CHAT =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
  '<path class="jp-icon3 jp-icon-selectable" fill="#616161" ' +
  'd="M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8l-5 4.5V17H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v10h5v2.1l2.3-2.1H20V5H4zm3 3h10v1.6H7V8zm0 3h7v1.6H7V11z"/></svg>';

const BELL =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
  '<path class="jp-icon3 jp-icon-selectable" fill="#616161" ' +
  'd="M12 22a2.2 2.2 0 0 0 2.2-2H9.800a2.200 2.200 0 0 0 2.200 2zm7-6v-5.500c0-3.200-1.800-5.900-4.800-6.600V3.200a2.200 2.200 0 0 0-4.400 0v.7C6.800 4.600 5 7.300 5 10.500V16l-2 2v1h18v-1l-2-2zm-2 1H7v-6.500C7 8 9 6 12 6s5 2 5 4.500V17z"/></svg>';

export const chatIcon = new LabIcon({ name: 'codesyncx:chat', svgstr: CHAT });
export const bellIcon = new LabIcon({ name: 'codesyncx:bell', svgstr: BELL });
