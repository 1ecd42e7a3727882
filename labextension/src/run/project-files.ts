import { PathExt, URLExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';

/**
 * Files of the project as they are on the server.
 *
 * Not by the lab's contents manager: for an open document that answers with the editor's own text,
 * and saves that instead of what it is given.
 */
export class ProjectFiles {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** The text of a file; null for a file without one, undefined where no file is. */
  async textOf(path: string): Promise<string | null | undefined> {
    const response = await this.ask(path, {
      query: 'type=file&format=text&content=1'
    });
    if (response.status === 404) {
      return undefined;
    }
    if (response.status === 400) {
      return null;
    }
    const { content } = await read<Contents.IModel>(response);
    return typeof content === 'string' ? content : null;
  }

  /** Write a file, and make the folders that it needs. */
  async write(path: string, base64: string): Promise<void> {
    await this.makeFolders(PathExt.dirname(path));
    await this.put(path, { type: 'file', format: 'base64', content: base64 });
  }

  private async makeFolders(folder: string): Promise<void> {
    if (folder === '' || folder === '.') {
      return;
    }
    const { status } = await this.ask(folder, { query: 'content=0' });
    if (status === 404) {
      await this.makeFolders(PathExt.dirname(folder));
      await this.put(folder, { type: 'directory' });
    }
  }

  private async put(
    path: string,
    model: Partial<Contents.IModel>
  ): Promise<void> {
    const init = { method: 'PUT', body: JSON.stringify(model) };
    await read(await this.ask(path, { init }));
  }

  private ask(
    path: string,
    { query, init = {} }: { query?: string; init?: RequestInit }
  ): Promise<Response> {
    const { baseUrl } = this.settings;
    const place = URLExt.encodeParts(path);
    const url = URLExt.join(baseUrl, 'api/contents', place);
    return ServerConnection.makeRequest(
      query === undefined ? url : `${url}?${query}`,
      init,
      this.settings
    );
  }
}

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) {
    throw await ServerConnection.ResponseError.create(response);
  }
  return (await response.json()) as T;
}
