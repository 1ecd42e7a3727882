import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** A refusal or failure reported by the server, with its stable code. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

interface IErrorBody {
  code?: string;
  message?: string;
}

/**
 * Call a route below `codesyncx/api/`; resolves to the parsed JSON body.
 *
 * Throws {@link ApiError} for every answer that is not 2xx and
 * `ServerConnection.NetworkError` when the server can't be reached.
 */
export async function request<T>(
  path: string,
  init: RequestInit = {},
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<T> {
  const text = await requestText(path, init, settings);
  return (text ? JSON.parse(text) : undefined) as T;
}

/** As {@link request}, for routes that answer with plain text. */
export async function requestText(
  path: string,
  init: RequestInit = {},
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Promise<string> {
  const url = URLExt.join(settings.baseUrl, 'codesyncx/api', path);
  const response = await ServerConnection.makeRequest(url, init, settings);
  const text = await response.text();
  if (!response.ok) {
    throw toApiError(response, text);
  }
  return text;
}

function toApiError(response: Response, text: string): ApiError {
  let body: IErrorBody = {};
  try {
    body = JSON.parse(text) as IErrorBody;
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
  }
  return new ApiError(
    response.status,
    body.code ?? 'unknown',
    body.message ?? response.statusText
  );
}
