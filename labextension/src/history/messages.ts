import { URLExt } from '@jupyterlab/coreutils';

import { request, requestText } from '../api/client';

/** Somebody who edits, as the server knows them. */
export interface IPerson {
  username: string;
  name: string;
}

/** One state of a file; without people it came from the disk. */
export interface IVersion {
  type: 'version';
  id: number;
  started: number;
  time: number;
  people: IPerson[];
  sha256: string;
  size: number;
  added: number;
  removed: number;
  label: string;
}

/** By `time` (epoch seconds) a client had written everything before `clock`. */
export type ClockMark = [clientId: number, clock: number, time: number];

/** Who is behind each client id of an open document, and when they wrote. */
export interface IAuthors {
  authors: Record<string, IPerson>;
  marks: ClockMark[];
}

/** The versions of a file, newest first. */
export async function fetchVersions(path: string): Promise<IVersion[]> {
  const answer = await request<{ versions: IVersion[] }>(
    `history/versions/${URLExt.encodeParts(path)}`
  );
  return answer.versions;
}

/** The text of one version of the file at `path`, as it was saved. */
export function fetchVersion(path: string, id: number): Promise<string> {
  return requestText(`history/version/${id}/${URLExt.encodeParts(path)}`);
}

/** Give a version a name; it is then kept whatever its age. */
export function labelVersion(
  path: string,
  id: number,
  label: string
): Promise<IVersion> {
  return request(`history/version/${id}/${URLExt.encodeParts(path)}`, {
    method: 'PATCH',
    body: JSON.stringify({ label })
  });
}

/** Who is behind each client id of the file at `path`. */
export function fetchAuthors(path: string): Promise<IAuthors> {
  return request(`history/authors/${URLExt.encodeParts(path)}`);
}
