import { LabIcon } from '@jupyterlab/ui-components';

/** A triangle with an exclamation mark: it works, but somebody should look. */
export const warningIcon = new LabIcon({
  name: 'codesyncx:warning',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M12 2 1 21h22L12 2zm-1 7h2v6h-2V9zm0 7.5h2v2h-2v-2z"/>
</svg>`
});
