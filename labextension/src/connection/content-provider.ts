import { RtcContentProvider } from '@jupyter/docprovider';
import { Contents } from '@jupyterlab/services';

import { DocumentProvider } from './document-provider';

/**
 * JupyterLab asks for a file's modification time before it saves. Without a server the answer
 * waits until there is one again, instead of failing with a dialog every other minute.
 */
export class ContentProvider extends RtcContentProvider {
  override async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    for (const [key, provider] of this.providers) {
      if (
        provider instanceof DocumentProvider &&
        key === `${provider.format}:${provider.contentType}:${path}` &&
        provider.link.status.state === 'offline'
      ) {
        await provider.link.whenConnected();
      }
    }
    return super.get(path, options);
  }
}
