/** Runs, as the server tells and starts them (`codesyncx/api/runs`). */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ApiError, request } from '../api/client';

export type RunState =
  | 'queued'
  | 'preparing'
  | 'pulling'
  | 'starting'
  | 'running'
  | 'collecting'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'timed_out'
  | 'lost';

export type RunKind = 'run' | 'build' | 'lint' | 'test';

export interface IArtifact {
  readonly path: string;
  readonly size: number;
  /** Whether it is a file of the project that the run has changed. */
  readonly is_change: boolean;
}

export interface IPathAndReason {
  readonly path: string;
  readonly why: string;
}

/** One run, as of now. Times are Unix seconds. */
export interface IRun {
  readonly id: string;
  readonly person: string;
  readonly configuration: string;
  readonly file: string | null;
  readonly title: string;
  readonly kind: RunKind;
  readonly command: readonly string[];
  readonly folder: string;
  readonly ports: readonly number[];
  /** The branch, tag or commit that was asked for; empty for the files of then. */
  readonly ref: string;
  readonly commit: string;
  /** Names of the secrets that it gets; told to who has started it, and owners. */
  readonly secrets: readonly string[];
  readonly state: RunState;
  readonly is_over: boolean;
  readonly sentence: string;
  /** How many start before it, while it waits. */
  readonly position: number | null;
  readonly submitted_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly exit_code: number | null;
  readonly cpu_s: number | null;
  readonly cpu_limit: number;
  readonly peak_memory_bytes: number | null;
  readonly memory_limit_bytes: number;
  readonly time_limit_s: number;
  readonly artifacts: readonly IArtifact[];
  /** What is to be known of where they are; mostly nothing. */
  readonly artifacts_note: string;
  readonly kept_back: readonly IPathAndReason[];
  readonly left_out: readonly IPathAndReason[];
  readonly may_stop: boolean;
}

/** A run that the project has a name for. */
export interface IConfiguration {
  readonly name: string;
  readonly title: string;
  readonly kind: RunKind;
}

export interface IRuns {
  readonly runs: readonly IRun[];
  readonly configurations: readonly IConfiguration[];
  /** What is wrong with `.codesyncx/run.toml`, a sentence each. */
  readonly complaints: readonly string[];
  /** Why nothing can be run on this server, and what to install. */
  readonly refusal: string | null;
  readonly may_edit_configurations: boolean;
  readonly may_manage_secrets: boolean;
}

/** Who may have a secret in what they run; editors are who may edit all of the project. */
export type SecretUsers = 'owners' | 'editors';

/** A secret of the project, whose value nobody is told. */
export interface ISecret {
  readonly name: string;
  readonly used_by: SecretUsers;
  readonly set_by: string;
  readonly set_at: number;
}

export interface ISecretApi {
  list(): Promise<readonly ISecret[]>;
  put(
    name: string,
    change: { readonly value?: string; readonly used_by?: SecretUsers }
  ): Promise<ISecret>;
  remove(name: string): Promise<void>;
}

/** `.codesyncx/run.toml`, and a name for just this content of it. */
export interface IRunFile {
  readonly text: string;
  readonly version: string;
}

export interface IRunFileApi {
  read(): Promise<IRunFile>;
  /** Replace the content that `version` names; with complaints it wasn't. */
  write(file: IRunFile): Promise<{
    readonly complaints: readonly string[];
    readonly version: string;
  }>;
}

/** What to run: one of the three ways to say it, and on what. */
export type RunRequest = (
  | { readonly file: string }
  | { readonly configuration: string }
  | { readonly command: string | readonly string[]; readonly folder?: string }
) & {
  readonly secrets?: readonly string[];
  /** A branch, a tag or a commit; else the files as they are now. */
  readonly ref?: string;
};

/** A piece of output; it may be a part of a line. */
export interface IPiece {
  readonly number: number;
  readonly text: string;
  readonly ends_line: boolean;
  /** Whether the server says it, not the command. */
  readonly is_notice: boolean;
}

export type LogMessage =
  | { readonly type: 'output'; readonly pieces: readonly IPiece[] }
  | { readonly type: 'run'; readonly run: IRun };

export interface IRunApi {
  list(): Promise<IRuns>;
  start(what: RunRequest): Promise<IRun>;
  stop(id: string): Promise<void>;
}

export const runApi: IRunApi = {
  list: () => request<IRuns>('runs'),
  start: what =>
    request<IRun>('runs', { method: 'POST', body: JSON.stringify(what) }),
  stop: id => request(`runs/${id}/stop`, { method: 'POST', body: '{}' })
};

export const runFileApi: IRunFileApi = {
  read: () => request('runs/configurations'),
  write: file =>
    request('runs/configurations', {
      method: 'PUT',
      body: JSON.stringify(file)
    })
};

export const secretApi: ISecretApi = {
  list: async () =>
    (await request<{ secrets: readonly ISecret[] }>('runs/secrets')).secrets,
  put: (name, change) =>
    request(`runs/secrets/${encodeURIComponent(name)}`, {
      method: 'PUT',
      body: JSON.stringify(change)
    }),
  remove: name =>
    request(`runs/secrets/${encodeURIComponent(name)}`, { method: 'DELETE' })
};

/** How to ask for the same once more. */
export function requestOf(run: IRun): RunRequest {
  const ref = run.ref === '' ? {} : { ref: run.ref };
  if (run.configuration) {
    return { configuration: run.configuration, ...ref };
  }
  const more = run.secrets.length > 0 ? { secrets: run.secrets, ...ref } : ref;
  return run.file === null
    ? { command: run.command, folder: run.folder, ...more }
    : { file: run.file, ...more };
}

/** Where a file that a run has made is. */
export function artifactUrl(
  settings: ServerConnection.ISettings,
  run: IRun,
  path: string
): string {
  return URLExt.join(
    settings.baseUrl,
    'codesyncx/api/runs',
    run.id,
    'artifacts',
    URLExt.encodeParts(path)
  );
}

/** Fetch a file that a run has made. */
export async function fetchArtifact(
  settings: ServerConnection.ISettings,
  run: IRun,
  path: string
): Promise<Blob> {
  const url = artifactUrl(settings, run, path);
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    throw new ApiError(response.status, 'unknown', response.statusText);
  }
  return response.blob();
}
