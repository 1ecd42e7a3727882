import { request } from '../api/client';

export type Visibility = 'private' | 'project' | 'public';

/** What a run serves on a port, as the server tells and opens it. */
export interface IPreview {
  readonly port: number;
  /** From the server's base: leads in everybody who may see it. */
  readonly address: string;
  readonly visibility: Visibility;
  readonly public_url: string | null;
  readonly public_until: number | null;
  readonly is_serving: boolean;
  readonly may_change: boolean;
  readonly may_publish: boolean;
}

/** With a way in for me that is good for a minute. */
export interface IOpenedPreview extends IPreview {
  readonly enter_url: string;
}

export function openPreview(
  runId: string,
  port: number
): Promise<IOpenedPreview> {
  return request(`runs/${runId}/previews/${port}`, {
    method: 'POST',
    body: '{}'
  });
}

export function changePreview(
  runId: string,
  port: number,
  visibility: Visibility
): Promise<IPreview> {
  return request(`runs/${runId}/previews/${port}`, {
    method: 'PATCH',
    body: JSON.stringify({ visibility })
  });
}
