import { PathExt } from '@jupyterlab/coreutils';

/** Have the browser save something as a file; it is never opened as a page of this server's. */
export function saveBlob(blob: Blob, path: string): void {
  const url = URL.createObjectURL(
    new Blob([blob], { type: 'application/octet-stream' })
  );
  saveFrom(url, path);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Have the browser save what is at an address, which says itself that it is for saving. */
export function saveFrom(url: string, path: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = PathExt.basename(path);
  link.rel = 'noreferrer';
  link.click();
}
