import { JSONObject, JSONValue } from '@lumino/coreutils';
import * as Y from 'yjs';

/** Below this key of a message's metadata lies everything of ours. */
export const METADATA_KEY = 'codesyncx';

const QUOTE_LIMIT = 4000;

/** Lines of a file, or of one cell of a notebook, that stay found while the text is edited. */
export interface ICodeLink {
  /** Where the file was when the link was made. */
  path: string;
  /** The file's id on the server, which follows renames. */
  file_id?: string;
  cell_id?: string;
  /** Lines when the link was made, from 1, both included. */
  start_line: number;
  end_line: number;
  /** Yjs relative positions of start and end, base64. */
  from: string;
  to: string;
  /** The text when the link was made: the second way to find it. */
  quote: string;
}

/** Where the linked text is now, in UTF-16 units; `exact` unless it was only guessed. */
export interface IPlace {
  start: number;
  end: number;
  exact: boolean;
}

export interface ILinkSource {
  path: string;
  fileId?: string;
  cellId?: string;
}

/** Link the text between two offsets. */
export function createCodeLink(
  text: Y.Text,
  start: number,
  end: number,
  source: ILinkSource
): ICodeLink {
  const content = textOf(text);
  return {
    path: source.path,
    ...(source.fileId ? { file_id: source.fileId } : {}),
    ...(source.cellId ? { cell_id: source.cellId } : {}),
    start_line: lineAt(content, start),
    end_line: lineAt(content, Math.max(start, end - 1)),
    from: encode(Y.createRelativePositionFromTypeIndex(text, start)),
    // Bound to the last character, so that what is typed after it stays outside.
    to: encode(Y.createRelativePositionFromTypeIndex(text, end, -1)),
    quote: content.slice(start, Math.min(end, start + QUOTE_LIMIT))
  };
}

/** Find the linked text in the document as it is now; null when nothing is left of it. */
export function locate(link: ICodeLink, text: Y.Text): IPlace | null {
  const content = textOf(text);
  const start = resolve(link.from, text);
  const end = resolve(link.to, text);
  const found = nearest(content, link);
  const isKept =
    start !== null &&
    end !== null &&
    start < end &&
    // Positions of a document that began anew may resolve to other text by chance.
    (found === null || sharesLine(content.slice(start, end), link.quote));
  if (isKept) {
    return { start, end, exact: true };
  }
  if (found !== null) {
    return { start: found, end: found + link.quote.length, exact: true };
  }
  if (start !== null && end !== null) {
    return { start, end: start, exact: false };
  }
  return linesOf(content, link.start_line, link.end_line);
}

/** What a message's metadata carries of ours. */
export interface IMessageExtras {
  links: ICodeLink[];
  replyTo: string | null;
}

export function readExtras(metadata: JSONObject | undefined): IMessageExtras {
  const extras = metadata?.[METADATA_KEY];
  if (!isObject(extras)) {
    return { links: [], replyTo: null };
  }
  const links = Array.isArray(extras.links) ? extras.links : [];
  return {
    links: (links as unknown[]).filter(isCodeLink),
    replyTo: typeof extras.reply_to === 'string' ? extras.reply_to : null
  };
}

/** The label of a link: file and lines. */
export function linkLabel(link: ICodeLink): string {
  const name = link.path.split('/').pop() ?? link.path;
  const lines =
    link.start_line === link.end_line
      ? link.start_line.toString()
      : `${link.start_line}-${link.end_line}`;
  return `${name}:${lines}`;
}

/** A fenced block that holds `code` whatever it contains. */
export function fence(code: string, language: string): string {
  const longest = Math.max(
    2,
    ...Array.from(code.matchAll(/`+/g), run => run[0].length)
  );
  const bars = '`'.repeat(longest + 1);
  return `${bars}${language}\n${code.replace(/\n$/, '')}\n${bars}`;
}

/** The line (from 1) that holds an offset. */
export function lineAt(content: string, offset: number): number {
  let line = 1;
  for (
    let at = content.indexOf('\n');
    at !== -1 && at < offset;
    at = content.indexOf('\n', at + 1)
  ) {
    line += 1;
  }
  return line;
}

/** The characters of a shared text. */
export function textOf(text: Y.Text): string {
  // Y.Text spells its content out, which its type hides.
  return (text as { toString(): string }).toString();
}

function linesOf(content: string, first: number, last: number): IPlace | null {
  const lines = content.split('\n');
  if (first > lines.length) {
    return null;
  }
  const start = lines
    .slice(0, first - 1)
    .reduce((sum, line) => sum + line.length + 1, 0);
  const end = lines
    .slice(first - 1, last)
    .reduce((sum, line) => sum + line.length + 1, start);
  return { start, end: Math.min(end - 1, content.length), exact: false };
}

function nearest(content: string, link: ICodeLink): number | null {
  if (!link.quote.trim()) {
    return null;
  }
  let best: number | null = null;
  let distance = Infinity;
  for (
    let at = content.indexOf(link.quote);
    at !== -1;
    at = content.indexOf(link.quote, at + 1)
  ) {
    const away = Math.abs(lineAt(content, at) - link.start_line);
    if (away < distance) {
      best = at;
      distance = away;
    }
  }
  return best;
}

function sharesLine(text: string, quote: string): boolean {
  const lines = new Set(quote.split('\n').map(line => line.trim()));
  return text.split('\n').some(line => line.trim() && lines.has(line.trim()));
}

function resolve(encoded: string, text: Y.Text): number | null {
  if (!text.doc) {
    return null;
  }
  try {
    const position = Y.decodeRelativePosition(decode(encoded));
    const absolute = Y.createAbsolutePositionFromRelativePosition(
      position,
      text.doc
    );
    return absolute?.type === text ? absolute.index : null;
  } catch {
    // A link of another lineage, or one that somebody wrote by hand.
    return null;
  }
}

function encode(position: Y.RelativePosition): string {
  return btoa(String.fromCharCode(...Y.encodeRelativePosition(position)));
}

function decode(encoded: string): Uint8Array {
  return Uint8Array.from(atob(encoded), character => character.charCodeAt(0));
}

function isObject(value: JSONValue | undefined): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCodeLink(value: unknown): value is ICodeLink {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const link = value as Partial<Record<keyof ICodeLink, unknown>>;
  return (
    typeof link.path === 'string' &&
    typeof link.from === 'string' &&
    typeof link.to === 'string' &&
    typeof link.quote === 'string' &&
    typeof link.start_line === 'number' &&
    typeof link.end_line === 'number'
  );
}
