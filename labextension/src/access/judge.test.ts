import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { IMe, IPathAccess, Permission } from '../api/access';
import { needOf } from './command-rules';
import { DocumentAccess } from './document-access';
import { createJudge, IScene } from './judge';
import { notebookLocks } from './zones';

const trans = nullTranslator.load('codesyncx');

function access(...permissions: Permission[]): IPathAccess {
  return { path: '', permissions, why: '', ranges: [], reaches: true };
}

function guest(has_kernels: boolean): IMe {
  return {
    username: 'guest-1',
    name: 'Guest',
    is_owner: false,
    is_guest: true,
    is_trusted: false,
    has_kernels,
    permissions: []
  };
}

function may(command: string, scene: Partial<IScene>): boolean {
  const judge = createJudge(
    {
      me: () => null,
      document: () => null,
      cells: () => [],
      codeCells: () => [],
      wouldRun: () => true,
      folder: () => undefined,
      items: () => [],
      ...scene
    },
    trans
  );
  const need = needOf(command);
  return need === null || judge(need, {}) === null;
}

function document(
  given: IPathAccess,
  reach: DocumentAccess['reach']
): IScene['document'] {
  return () => ({ access: given, reach, notebook: notebookLocks(given) });
}

describe('commands', () => {
  it('are for everybody while nothing is known', () => {
    for (const command of ['docmanager:save', 'terminal:create-new', 'a:b']) {
      expect(may(command, {})).toBe(true);
    }
  });

  it('that move cells need more than cells of one’s own', () => {
    const given: IPathAccess = {
      ...access('read'),
      ranges: [
        {
          id: 'r1',
          path: 'a.ipynb',
          kind: 'cells',
          cell_ids: ['mine'],
          state: 'open',
          holders: [],
          mine: ['read', 'edit']
        }
      ]
    };
    const scene = { document: document(given, 'some'), cells: () => ['mine'] };
    expect(may('notebook:clear-cell-output', scene)).toBe(true);
    for (const command of ['cut-cell', 'delete-cell', 'merge-cells']) {
      expect(may(`notebook:${command}`, scene)).toBe(false);
    }
    const spans: string[] = [];
    const cells = (span: string) => {
      spans.push(span);
      return ['mine'];
    };
    may('notebook:merge-cell-above', { ...scene, cells });
    may('notebook:paste-and-replace-cell', { ...scene, cells });
    expect(spans).toEqual(['one-above', 'selected']);
  });

  it('that run look at all the cells that they run', () => {
    const me = (): IMe => guest(false);
    const wouldRun = (span: string): boolean => span === 'all';
    expect(may('notebook:run-cell', { me, wouldRun })).toBe(true);
    expect(may('notebook:run-all-below', { me, wouldRun })).toBe(true);
    expect(may('notebook:run-all-cells', { me, wouldRun })).toBe(false);
  });

  it('of kernels are for those who may run code', () => {
    for (const command of [
      'terminal:create-new',
      'console:create',
      'notebook:restart-run-all'
    ]) {
      expect(may(command, { me: () => guest(false) })).toBe(false);
      expect(may(command, { me: () => guest(true) })).toBe(true);
    }
  });

  it('that run are for those who may, but anybody may have markdown rendered', () => {
    const me = (): IMe => guest(false);
    const run = 'notebook:run-cell-and-select-next';
    expect(may(run, { me })).toBe(false);
    expect(may(run, { me, wouldRun: () => false })).toBe(true);
    expect(may(run, { me: () => guest(true) })).toBe(true);
  });

  it('that run need the right to run this notebook', () => {
    const scene = {
      me: () => guest(true),
      document: document(access('read', 'edit'), 'all'),
      codeCells: () => ['code']
    };
    expect(may('notebook:run-cell', scene)).toBe(false);
    const runners = document(access('read', 'edit', 'execute'), 'all');
    expect(may('notebook:run-cell', { ...scene, document: runners })).toBe(
      true
    );
  });

  it('that run need the cells that would change by it', () => {
    const scene = {
      me: () => guest(true),
      document: document(access('read', 'execute'), 'nothing'),
      codeCells: () => ['code']
    };
    expect(may('notebook:run-cell', scene)).toBe(false);
    expect(may('notebook:run-cell', { ...scene, codeCells: () => [] })).toBe(
      true
    );
    const editors = document(access('read', 'edit', 'execute'), 'all');
    expect(may('notebook:run-cell', { ...scene, document: editors })).toBe(
      true
    );
  });

  it('that write are not for readers', () => {
    const scene = { document: document(access('read'), 'nothing') };
    for (const command of [
      'docmanager:save',
      'fileeditor:paste',
      'notebook:insert-cell-below',
      'notebook:paste-cell-below'
    ]) {
      expect(may(command, scene)).toBe(false);
    }
    expect(may('notebook:copy-cell', scene)).toBe(true);
  });

  it('save for who may change a place in the file', () => {
    const scene = { document: document(access('read'), 'some') };
    expect(may('docmanager:save', scene)).toBe(true);
    expect(may('notebook:insert-cell-below', scene)).toBe(false);
  });

  it('touch no locked cells', () => {
    const given: IPathAccess = {
      ...access('read', 'edit'),
      ranges: [
        {
          id: 'r',
          path: '',
          kind: 'cells',
          cell_ids: ['a'],
          state: 'open',
          holders: [],
          mine: ['read']
        }
      ]
    };
    const scene = (...cells: string[]): Partial<IScene> => ({
      document: document(given, 'some'),
      cells: () => cells
    });
    expect(may('notebook:delete-cell', scene('a', 'b'))).toBe(false);
    expect(may('notebook:delete-cell', scene('b'))).toBe(true);
  });

  it('of the file browser need what the folder or the selection gives', () => {
    const reader = {
      folder: () => access('read'),
      items: () => [access('read'), undefined]
    };
    expect(may('filebrowser:create-new-directory', reader)).toBe(false);
    expect(may('fileeditor:create-new-python-file', reader)).toBe(false);
    expect(may('filebrowser:delete', reader)).toBe(false);
    expect(may('filebrowser:open', reader)).toBe(true);
    const editor = {
      folder: () => access('read', 'create'),
      items: () => [access('read', 'delete')]
    };
    expect(may('filebrowser:create-new-directory', editor)).toBe(true);
    expect(may('filebrowser:delete', editor)).toBe(true);
  });
});
