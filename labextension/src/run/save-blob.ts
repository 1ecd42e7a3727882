import { PathExt } from '@jupyterlab/coreutils';

/** Have the browser save something as a file; it is never opened as a page of this server's. */
export function saveBlob(blob: Blob, path: string): void {
  const url = URL.createObjectURL(
    new Blob([blob], { type: 'application/octet-stream' })
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = PathExt.basename(path);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
