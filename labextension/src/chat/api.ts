import { URLExt } from '@jupyterlab/coreutils';

import { request } from '../api/client';

/** A channel as the server lists it for the person who asks. */
export interface IChannel {
  path: string;
  name: string;
  channel_id: string;
  exists: boolean;
  unread: number;
  mentions: number;
  read_until: number;
  messages: number;
}

/** A message that a search found. */
export interface IHit {
  path: string;
  channel: string;
  message_id: string;
  sender: string;
  sender_name: string;
  time: number;
  excerpt: string;
}

/** Somebody who has been in the project. */
export interface IPerson {
  username: string;
  name?: string;
  display_name: string;
  initials?: string;
  color?: string;
  avatar_url?: string;
}

/** An uploaded file. */
export interface IUploaded {
  path: string;
  mimetype: string;
  size: number;
}

function body(data: object): RequestInit {
  return { body: JSON.stringify(data) };
}

export async function listChannels(): Promise<IChannel[]> {
  return (await request<{ channels: IChannel[] }>('chat/channels')).channels;
}

export async function createChannel(
  name: string,
  mayExist = false
): Promise<{ path: string; name: string }> {
  return request('chat/channels', {
    method: 'POST',
    ...body({ name, may_exist: mayExist })
  });
}

export async function searchMessages(query: string): Promise<IHit[]> {
  const parameters = URLExt.objectToQueryString({ q: query });
  return (await request<{ results: IHit[] }>(`chat/search${parameters}`))
    .results;
}

export async function listPeople(): Promise<IPerson[]> {
  return (await request<{ people: IPerson[] }>('chat/people')).people;
}

/** Everything in the channel up to now, by the server's clock, has been seen. */
export async function markRead(path: string): Promise<IChannel> {
  return request('chat/unread', { method: 'PUT', ...body({ path }) });
}

export async function uploadAttachment(
  channel: string,
  file: File
): Promise<IUploaded> {
  const parameters = URLExt.objectToQueryString({ channel, name: file.name });
  return request(`chat/attachments${parameters}`, {
    method: 'PUT',
    body: file,
    headers: { 'Content-Type': 'application/octet-stream' }
  });
}
