import { RtcContentProvider } from '@jupyter/docprovider';
import { Contents, ServerConnection } from '@jupyterlab/services';

import { DocumentProvider } from './document-provider';

/**
 * Answers what JupyterLab asks about a shared file before it saves: whether it changed on disk.
 *
 * It always did, the server writes it as people type, and merges what others write there. So the
 * answer is no, instead of a dialog that offers to overwrite everybody's edits; and without a
 * server the answer waits for one, instead of failing with a dialog every other minute.
 */
export class ContentProvider extends RtcContentProvider {
  override async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    const provider = this.findProvider(path);
    if (provider?.link.status.state === 'offline') {
      await provider.link.whenConnected();
    }
    const model = await this.fetch(path, options, provider);
    const isCheck = options?.hash === true && options.content === false;
    return provider && isCheck
      ? { ...model, hash: undefined, last_modified: LONG_AGO }
      : model;
  }

  private async fetch(
    path: string,
    options: Contents.IFetchOptions | undefined,
    provider: DocumentProvider | undefined
  ): Promise<Contents.IModel> {
    try {
      return await super.get(path, options);
    } catch (error) {
      if (!provider || !(error instanceof ServerConnection.NetworkError)) {
        throw error;
      }
      // The server went this very moment, and the document's line may not know yet.
      await provider.reconnect();
      await provider.link.whenConnected();
      return super.get(path, options);
    }
  }

  private findProvider(path: string): DocumentProvider | undefined {
    for (const [key, provider] of this.providers) {
      if (
        provider instanceof DocumentProvider &&
        key === `${provider.format}:${provider.contentType}:${path}`
      ) {
        return provider;
      }
    }
    return undefined;
  }
}

const LONG_AGO = new Date(0).toISOString();
