/** Which of JupyterLab's commands need which permission, and on what. */
import { Permission } from '../api/access';

/**
 * - `document`: the document in front, all of it.
 * - `text`: the document in front, or at least a place in it.
 * - `cells`: the selected cells; where it `moves` them, one must be free to add and remove some.
 * - `folder`: the folder that the file browser shows.
 * - `items`: what is selected there.
 * - `kernel`: kernels and terminals, in a sandbox or not.
 * - `run`: a kernel for the cells that are run, should there be code among them, whose outputs one
 *   may change.
 */
export type Need =
  | { readonly on: 'document' | 'folder' | 'items'; permission: Permission }
  | { readonly on: 'text' | 'kernel' }
  | { readonly on: 'cells'; readonly moves: boolean; readonly with: CellSpan }
  | { readonly on: 'run'; readonly with: CellSpan };

/**
 * Which cells a command is about: the selected ones, with a neighbour, or many more.
 *
 * Those that are `joined` are the selected ones, or a single one with the next.
 */
export type CellSpan =
  'selected' | 'joined' | 'one-above' | 'one-below' | 'above' | 'below' | 'all';

const KERNEL: Need = { on: 'kernel' };
const RUN: Need = { on: 'run', with: 'selected' };
const TEXT: Need = { on: 'text' };
const IN_CELLS: Need = { on: 'cells', moves: false, with: 'selected' };
const CELLS: Need = { on: 'cells', moves: true, with: 'selected' };
const DOCUMENT: Need = { on: 'document', permission: 'edit' };
const CREATE: Need = { on: 'folder', permission: 'create' };

const NEEDS: ReadonlyMap<string, Need> = new Map<string, Need>([
  ['docmanager:save', TEXT],
  ['docmanager:restore-checkpoint', DOCUMENT],
  ['docmanager:rename', { on: 'document', permission: 'delete' }],
  ['docmanager:delete', { on: 'document', permission: 'delete' }],
  ['docmanager:duplicate', { on: 'document', permission: 'create' }],
  ['docmanager:save-as', CREATE],
  ['docmanager:new-untitled', CREATE],
  ['filebrowser:create-new-directory', CREATE],
  ['filebrowser:create-new-file', CREATE],
  ['filebrowser:create-new-markdown-file', CREATE],
  ['filebrowser:paste', CREATE],
  ['filebrowser:duplicate', CREATE],
  ['filebrowser:rename', { on: 'items', permission: 'delete' }],
  ['filebrowser:delete', { on: 'items', permission: 'delete' }],
  ['filebrowser:cut', { on: 'items', permission: 'delete' }],
  ['fileeditor:create-new', CREATE],
  ['fileeditor:create-new-markdown-file', CREATE],
  ['notebook:create-new', CREATE],
  ['fileeditor:cut', TEXT],
  ['fileeditor:paste', TEXT],
  ['fileeditor:undo', TEXT],
  ['fileeditor:redo', TEXT],
  ['fileeditor:replace-selection', TEXT],
  ['fileeditor:create-console', KERNEL],
  ['notebook:create-console', KERNEL],
  ['notebook:clear-all-cell-outputs', DOCUMENT],
  ['notebook:clear-cell-output', IN_CELLS],
  ['notebook:cut-cell', CELLS],
  ['notebook:delete-cell', CELLS],
  ['notebook:merge-cells', { ...CELLS, with: 'joined' }],
  ['notebook:merge-cell-above', { ...CELLS, with: 'one-above' }],
  ['notebook:merge-cell-below', { ...CELLS, with: 'one-below' }],
  ['notebook:move-cell-up', CELLS],
  ['notebook:move-cell-down', CELLS],
  ['notebook:split-cell-at-cursor', CELLS],
  ['notebook:duplicate-below', DOCUMENT],
  ['notebook:paste-and-replace-cell', CELLS],
  ['notebook:run-all-cells', { on: 'run', with: 'all' }],
  ['notebook:run-all-above', { on: 'run', with: 'above' }],
  ['notebook:run-all-below', { on: 'run', with: 'below' }],
  ['runmenu:run-all', { on: 'run', with: 'all' }],
  ['notebook:undo-cell-action', DOCUMENT],
  ['notebook:redo-cell-action', DOCUMENT],
  ['notebook:interrupt-kernel', KERNEL],
  ['notebook:change-kernel', KERNEL],
  ['notebook:reconnect-to-kernel', KERNEL],
  ['notebook:shutdown-kernel', KERNEL],
  ['notebook:get-kernel', KERNEL],
  ['console:create', KERNEL],
  ['terminal:create-new', KERNEL],
  ['terminal:open', KERNEL]
]);

/** Groups of commands with one beginning. */
const FAMILIES: readonly (readonly [string, Need])[] = [
  ['notebook:insert-cell', DOCUMENT],
  ['notebook:paste', DOCUMENT],
  ['notebook:change-cell-to', CELLS],
  ['notebook:change-to-cell', CELLS],
  ['notebook:restart', KERNEL],
  ['notebook:run', RUN],
  ['runmenu:run', RUN],
  ['fileeditor:create-new-', CREATE],
  ['fileeditor:run-', KERNEL],
  ['fileeditor:restart', KERNEL],
  ['kernelmenu:', KERNEL],
  ['debugger:', KERNEL]
];

/** What a command needs; null when anybody may use it. */
export function needOf(command: string): Need | null {
  const need = NEEDS.get(command);
  if (need !== undefined) {
    return need;
  }
  const family = FAMILIES.find(([start]) => command.startsWith(start));
  return family ? family[1] : null;
}
