import { URLExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';

import { request } from '../api/client';

/** A finished recording of a call. */
export interface IFinishedRecording {
  readonly name: string;
  /** Its path in the project. */
  readonly path: string;
  readonly size: number;
  /** Null where the film doesn't say. */
  readonly duration_s: number | null;
  /** Empty where the film doesn't say. */
  readonly recorded_by: string;
  readonly is_in_project: boolean;
  readonly is_stored: boolean;
  readonly may_delete: boolean;
}

const NAME = /^(\d{4})-(\d\d)-(\d\d) (\d\d)\.(\d\d)\.(\d\d)/;

/** The recordings that one may read, the newest first; rejects with ApiError. */
export async function listRecordings(): Promise<readonly IFinishedRecording[]> {
  const { recordings } = await request<{ recordings: IFinishedRecording[] }>(
    'calls/recordings'
  );
  return recordings;
}

/** Delete a recording wherever it is; rejects with ApiError. */
export async function deleteRecording(name: string): Promise<void> {
  await request(`calls/recordings/${encodeURIComponent(name)}`, {
    method: 'DELETE'
  });
}

/** Where a recording is loaded from: the project, else the artifact store. */
export function addressOf(
  { name, path, is_in_project }: IFinishedRecording,
  contents: Contents.IManager
): Promise<string> {
  if (is_in_project) {
    return contents.getDownloadUrl(path);
  }
  const { baseUrl } = ServerConnection.makeSettings();
  const route = 'codesyncx/api/calls/recordings';
  return Promise.resolve(URLExt.join(baseUrl, route, encodeURIComponent(name)));
}

/** When a recording began, by the server's clock, as its name has it. */
export function beginOf(name: string): Date | null {
  const found = NAME.exec(name);
  if (!found) {
    return null;
  }
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  return new Date(year, month - 1, day, hour, minute, second);
}

/** How long a film is, as players write it: 1:02:03 or 2:03. */
export function lengthText(duration_s: number): string {
  const whole = Math.round(duration_s);
  const [hours, minutes, seconds] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60
  ];
  const two = (part: number): string => String(part).padStart(2, '0');
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds)}`
    : `${minutes}:${two(seconds)}`;
}
