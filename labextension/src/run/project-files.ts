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
    if (!(await this.exists(path))) {
      return undefined;
    }
    const query = 'type=file&format=text&content=1';
    const response = await this.ask(path, { query });
    if (response.status === 400) {
      return null;
    }
    const model = await read<Contents.IModel>(response);
    const content: unknown = model.content;
    return typeof content === 'string' ? content : null;
  }

  /** Write a file, and make the folders that it needs. */
  async write(path: string, base64: string): Promise<void> {
    await this.makeFolders(PathExt.dirname(path));
    await this.put(path, { type: 'file', format: 'base64', content: base64 });
  }

  private async makeFolders(folder: string): Promise<void> {
    if (!(await this.exists(folder))) {
      await this.makeFolders(PathExt.dirname(folder));
      await this.put(folder, { type: 'directory' });
    }
  }

  /** Looks into the folder above: asking for what isn't there puts errors into the console. */
  private async exists(path: string): Promise<boolean> {
    if (path === '' || path === '.') {
      return true;
    }
    const above = PathExt.dirname(path);
    if (!(await this.exists(above))) {
      return false;
    }
    const query = 'type=directory&content=1';
    const folder = await read<Contents.IModel>(
      await this.ask(above, { query })
    );
    const entries = folder.content as readonly Contents.IModel[];
    return entries.some(({ name }) => name === PathExt.basename(path));
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
