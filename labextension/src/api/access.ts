/** Who may do what, as the server tells and changes it (`codesyncx/api/access`). */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { request, requestText } from './client';

export type Permission =
  | 'read'
  | 'edit'
  | 'create'
  | 'delete'
  | 'execute'
  | 'comment'
  | 'speak'
  | 'share_screen'
  | 'share'
  | 'admin';

/** Whether there is anything in the project for me, or why not, in the server's words. */
export interface IStanding {
  readonly is_let_in: boolean;
  readonly why:
    | 'let_in'
    | 'no_access'
    | 'link_revoked'
    | 'link_expired'
    | 'unknown_guest'
    | 'signed_out';
  readonly title: string;
  readonly advice: string;
}

export type SubjectKind = 'user' | 'group' | 'link' | 'everyone';

/** To whom something is granted; the name of everyone is empty. */
export interface ISubject {
  readonly kind: SubjectKind;
  readonly name: string;
  readonly display_name: string;
}

/** Me, and what I may do on the whole project. */
export interface IMe {
  readonly username: string;
  readonly name: string;
  readonly is_owner: boolean;
  readonly is_guest: boolean;
  /** Whether kernels and terminals of the server itself are mine to use. */
  readonly is_trusted: boolean;
  /** Whether I have kernels and terminals: those, or others in sandboxes. */
  readonly has_kernels: boolean;
  readonly permissions: readonly Permission[];
}

export interface IHolder extends ISubject {
  readonly role: string | null;
  readonly permissions: readonly Permission[];
}

/** Some lines or cells of one file, as of now. */
export interface IRange {
  readonly id: string;
  readonly path: string;
  readonly kind: 'lines' | 'cells';
  /** From 1, both included; only of lines. */
  readonly start_line?: number;
  readonly end_line?: number;
  readonly cell_ids?: readonly string[];
  /** A lost range could not be found again after the file changed: it gives nothing. */
  readonly state: 'open' | 'lost';
  readonly holders: readonly IHolder[];
  /** What I may do there; null when no grant there concerns me. */
  readonly mine: readonly Permission[] | null;
  /** Where to open just these lines, when the file itself may not be read. */
  readonly slice_path?: string | null;
}

/** What I may do with one file or folder. */
export interface IPathAccess {
  readonly path: string;
  readonly permissions: readonly Permission[];
  readonly why: string;
  readonly ranges: readonly IRange[];
  readonly reaches: boolean;
}

export interface IGrant {
  readonly id: number;
  readonly subject: ISubject;
  readonly path: string;
  readonly range: IRange | null;
  readonly role: string | null;
  readonly permissions: readonly Permission[];
  /** Unix seconds. */
  readonly expires_at: number | null;
  readonly granted_by: string;
  /** What people call who gave it. */
  readonly granted_by_name: string;
  readonly granted_at: number;
  /** Given on a folder above, or on the project. */
  readonly inherited: boolean;
}

export type RangeChoice =
  | {
      readonly kind: 'lines';
      readonly start_line: number;
      readonly end_line: number;
    }
  | { readonly kind: 'cells'; readonly cell_ids: readonly string[] }
  | { readonly id: string };

/** By a role, or by single permissions. */
export interface ILevel {
  readonly role?: string;
  readonly permissions?: readonly Permission[];
}

export interface INewGrant extends ILevel {
  readonly subject: { readonly kind: SubjectKind; readonly name: string };
  readonly path: string;
  readonly range?: RangeChoice;
  readonly expires_at?: number | null;
}

export interface IGrantChange extends ILevel {
  readonly expires_at?: number | null;
}

export interface ILink {
  readonly id: string | number;
  readonly name: string | null;
  readonly path: string;
  readonly range: IRange | null;
  readonly role: string | null;
  readonly permissions: readonly Permission[];
  readonly expires_at: number | null;
  readonly max_uses: number | null;
  readonly uses: number;
  readonly created_by: string;
  readonly created_at: number;
}

export interface INewLink extends ILevel {
  readonly path: string;
  readonly range?: RangeChoice;
  readonly expires_at?: number | null;
  readonly max_uses?: number | null;
  readonly name?: string;
  readonly with_chat?: boolean;
}

/** A link, with its address that is told this once. */
export interface IMadeLink {
  readonly link: ILink;
  readonly url: string;
}

export interface ISubjects {
  readonly people: readonly ISubject[];
  readonly groups: readonly ISubject[];
}

/** People to whom something can be given together. */
export interface IGroup {
  readonly name: string;
  readonly people: readonly ISubject[];
}

/** One line of what somebody sees of a folder. */
export interface IPreviewEntry {
  readonly path: string;
  readonly name: string;
  readonly type: 'directory' | 'file' | 'notebook';
  readonly permissions: readonly Permission[];
  readonly is_reached: boolean;
  /** In how many ranges of it they may do something. */
  readonly ranges: number;
}

export type AuditWhat =
  | 'granted'
  | 'changed'
  | 'revoked'
  | 'link_created'
  | 'link_revoked'
  | 'joined'
  | 'refused'
  | 'expired'
  | 'range_lost'
  | 'secret_set'
  | 'secret_removed'
  | 'secret_used'
  | 'preview_published'
  | 'preview_closed';

export interface IAuditEntry {
  readonly id: number;
  readonly time: number;
  readonly who: string;
  readonly what: string;
  readonly subject: ISubject | string | null;
  readonly path: string;
  readonly detail: unknown;
}

export interface IAuditFilter {
  readonly before?: number;
  readonly limit?: number;
  readonly what?: string;
  readonly who?: string;
  readonly path?: string;
}

/** The server's word on access; a stand-in serves in tests. */
export interface IAccessApi {
  me(): Promise<IMe>;
  /** How I stand; answered to those who are let in nowhere, too. */
  standing(): Promise<IStanding>;
  /** What I may do with each of these; null where there is nothing for me. */
  permissions(
    paths: readonly string[]
  ): Promise<readonly (IPathAccess | null)[]>;
  grants(path: string): Promise<readonly IGrant[]>;
  grant(grant: INewGrant): Promise<IGrant>;
  change(id: number, change: IGrantChange): Promise<IGrant>;
  revoke(id: number): Promise<void>;
  links(path: string): Promise<readonly ILink[]>;
  makeLink(link: INewLink): Promise<IMadeLink>;
  revokeLink(id: string | number): Promise<void>;
  subjects(query: string): Promise<ISubjects>;
  groups(): Promise<readonly IGroup[]>;
  makeGroup(name: string): Promise<void>;
  /** Let a group have just these members, by their user names. */
  setMembers(group: string, members: readonly string[]): Promise<void>;
  dissolveGroup(name: string): Promise<void>;
  preview(
    subject: { kind: SubjectKind; name: string },
    path: string
  ): Promise<readonly IPreviewEntry[]>;
  audit(filter: IAuditFilter): Promise<readonly IAuditEntry[]>;
  /** The whole log as JSON lines. */
  exportAudit(): Promise<string>;
}

/** {@link IAccessApi} over HTTP. */
export class AccessApi implements IAccessApi {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  me(): Promise<IMe> {
    return this.get<IMe>('me');
  }

  standing(): Promise<IStanding> {
    return request<IStanding>('standing', {}, this.settings);
  }

  async permissions(
    paths: readonly string[]
  ): Promise<readonly (IPathAccess | null)[]> {
    const { permissions } = await this.send<{
      permissions: (IPathAccess | null)[];
    }>('POST', 'permissions', { paths });
    return permissions;
  }

  async grants(path: string): Promise<readonly IGrant[]> {
    return (await this.get<{ grants: IGrant[] }>('grants', { path })).grants;
  }

  grant(grant: INewGrant): Promise<IGrant> {
    return this.send<IGrant>('POST', 'grants', grant);
  }

  change(id: number, change: IGrantChange): Promise<IGrant> {
    return this.send<IGrant>('PATCH', `grants/${id}`, change);
  }

  revoke(id: number): Promise<void> {
    return this.send('DELETE', `grants/${id}`);
  }

  async links(path: string): Promise<readonly ILink[]> {
    return (await this.get<{ links: ILink[] }>('links', { path })).links;
  }

  makeLink(link: INewLink): Promise<IMadeLink> {
    return this.send<IMadeLink>('POST', 'links', link);
  }

  revokeLink(id: string | number): Promise<void> {
    return this.send('DELETE', `links/${encodeURIComponent(id)}`);
  }

  subjects(query: string): Promise<ISubjects> {
    return this.get<ISubjects>('subjects', { q: query });
  }

  async groups(): Promise<readonly IGroup[]> {
    return (await this.get<{ groups: IGroup[] }>('groups')).groups;
  }

  makeGroup(name: string): Promise<void> {
    return this.send('POST', 'groups', { name, members: [] });
  }

  setMembers(group: string, members: readonly string[]): Promise<void> {
    return this.send('POST', `groups/${encodeURIComponent(group)}`, {
      members
    });
  }

  dissolveGroup(name: string): Promise<void> {
    return this.send('DELETE', `groups/${encodeURIComponent(name)}`);
  }

  async preview(
    { kind, name }: { kind: SubjectKind; name: string },
    path: string
  ): Promise<readonly IPreviewEntry[]> {
    const answer = await this.get<{ entries: IPreviewEntry[] }>('preview', {
      kind,
      name,
      path
    });
    return answer.entries;
  }

  async audit(filter: IAuditFilter): Promise<readonly IAuditEntry[]> {
    const query: Record<string, string> = {};
    for (const [key, value] of Object.entries(filter)) {
      if (value !== undefined && value !== '') {
        query[key] = String(value);
      }
    }
    const answer = await this.get<{ entries: IAuditEntry[] }>('audit', query);
    return answer.entries;
  }

  exportAudit(): Promise<string> {
    return requestText('access/audit/export', {}, this.settings);
  }

  private get<T>(route: string, query: Record<string, string> = {}) {
    return request<T>(
      `access/${route}${URLExt.objectToQueryString(query)}`,
      {},
      this.settings
    );
  }

  private send<T>(method: string, route: string, body?: unknown) {
    return request<T>(
      `access/${route}`,
      { method, body: body === undefined ? undefined : JSON.stringify(body) },
      this.settings
    );
  }
}
