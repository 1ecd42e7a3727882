import type * as nbformat from '@jupyterlab/nbformat';

/** The cells of a notebook with their texts joined, as the shared model has them. */
export interface IPlainNotebook {
  cells: nbformat.ICell[];
}

/** Where a cell's text lies in the text of its notebook. */
export interface ICellRange {
  index: number;
  from: number;
  to: number;
}

const MARKERS: Record<string, string> = {
  code: '# %%',
  markdown: '# %% [markdown]',
  raw: '# %% [raw]'
};

/** Read a notebook file; null when it isn't one. */
export function parseNotebook(content: string): IPlainNotebook | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
  const cells = (parsed as Partial<nbformat.INotebookContent> | null)?.cells;
  return Array.isArray(cells) ? { cells: cells.map(plainCell) } : null;
}

/** A cell with every list of lines joined, as the shared model keeps it. */
export function plainCell(cell: nbformat.ICell): nbformat.ICell {
  const plain: nbformat.ICell = { ...cell, source: joined(cell.source) };
  if (Array.isArray(cell.outputs)) {
    plain.outputs = (cell.outputs as nbformat.IOutput[]).map(plainOutput);
  }
  return plain;
}

function plainOutput(output: nbformat.IOutput): nbformat.IOutput {
  const plain = { ...output };
  if (output.text !== undefined) {
    plain.text = joined(output.text as nbformat.MultilineString);
  }
  const data = output.data as nbformat.IMimeBundle | undefined;
  if (data !== undefined) {
    plain.data = Object.fromEntries(
      Object.entries(data).map(([mimeType, value]) => [
        mimeType,
        isJsonType(mimeType) ? value : joined(value as nbformat.MultilineString)
      ])
    );
  }
  return plain;
}

function isJsonType(mimeType: string): boolean {
  return /^application\/(.+\+)?json$/.test(mimeType);
}

function joined(text: nbformat.MultilineString): string {
  return Array.isArray(text) ? text.join('') : text;
}

/** A notebook's text to read and compare: its cells, each under a `# %%` line. */
export function notebookText(notebook: IPlainNotebook): {
  text: string;
  ranges: ICellRange[];
} {
  const parts: string[] = [];
  const ranges: ICellRange[] = [];
  let position = 0;
  notebook.cells.forEach((cell, index) => {
    const marker = MARKERS[cell.cell_type] ?? `# %% [${cell.cell_type}]`;
    const part = `${marker}\n${joined(cell.source)}\n\n`;
    parts.push(part);
    ranges.push({ index, from: position, to: position + part.length });
    position += part.length;
  });
  return { text: parts.join(''), ranges };
}
