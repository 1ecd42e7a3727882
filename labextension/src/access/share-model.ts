import { ISignal, Signal } from '@lumino/signaling';

import {
  IAccessApi,
  IGrant,
  IGrantChange,
  IGroup,
  ILevel,
  ILink,
  IMadeLink,
  IMe,
  INewLink,
  IRange,
  ISubject,
  RangeChoice
} from '../api/access';
import { failureText } from './wording';

/** What is shared: the project, a folder, a file, or lines or cells of one. */
export interface IScope {
  readonly kind: 'project' | 'folder' | 'file' | 'range';
  readonly path: string;
  readonly range?: RangeChoice;
}

/** What a dialog is opened for. */
export interface IShareTarget {
  readonly path: string;
  readonly isFolder: boolean;
  readonly selection?: RangeChoice;
}

/** The scopes one can choose from: the project, then down to the selected lines. */
export function scopesOf({
  path,
  isFolder,
  selection
}: IShareTarget): IScope[] {
  const parts = path === '' ? [] : path.split('/');
  const scopes: IScope[] = [{ kind: 'project', path: '' }];
  parts.forEach((_, index) => {
    const isLast = index === parts.length - 1;
    scopes.push({
      kind: isLast && !isFolder ? 'file' : 'folder',
      path: parts.slice(0, index + 1).join('/')
    });
  });
  if (selection) {
    scopes.push({ kind: 'range', path, range: selection });
  }
  return scopes;
}

/** What of the grants there is on the scope itself, on ranges of it, and comes from further up. */
export interface IGrantGroups {
  readonly here: readonly IGrant[];
  readonly onRanges: readonly IGrant[];
  readonly inherited: readonly IGrant[];
}

export function groupGrants(
  grants: readonly IGrant[],
  scope: IScope
): IGrantGroups {
  const here: IGrant[] = [];
  const onRanges: IGrant[] = [];
  const inherited: IGrant[] = [];
  for (const grant of grants) {
    const isOfFile = grant.path === scope.path;
    if (grant.range === null) {
      const isHere = isOfFile && scope.kind !== 'range';
      (isHere ? here : inherited).push(grant);
    } else if (scope.range && isSameRange(grant.range, scope.range)) {
      here.push(grant);
    } else {
      onRanges.push(grant);
    }
  }
  return { here, onRanges, inherited };
}

/** Whether a choice of lines or cells is this range. */
export function isSameRange(range: IRange, choice: RangeChoice): boolean {
  if ('id' in choice) {
    return range.id === choice.id;
  }
  if (choice.kind === 'lines') {
    return (
      range.kind === 'lines' &&
      range.start_line === choice.start_line &&
      range.end_line === choice.end_line
    );
  }
  const cells = range.cell_ids ?? [];
  return (
    range.kind === 'cells' &&
    cells.length === choice.cell_ids.length &&
    choice.cell_ids.every(id => cells.includes(id))
  );
}

/** A subject as the server takes it. */
export type SubjectChoice = Pick<ISubject, 'kind' | 'name'>;

/** What the share dialog shows and does. */
export class ShareModel {
  constructor(
    readonly api: IAccessApi,
    readonly me: IMe | null,
    target: IShareTarget
  ) {
    this.scopes = scopesOf(target);
    this._scope = this.scopes[this.scopes.length - 1];
  }

  readonly scopes: readonly IScope[];
  grants: readonly IGrant[] = [];
  links: readonly ILink[] = [];
  /** The groups of the project; only owners are told. */
  teams: readonly IGroup[] = [];
  /** The link that was just made: its address is told this once. */
  made: IMadeLink | null = null;
  /** Why the last thing could not be done, in the server's words. */
  problem: string | null = null;
  /** Said once something was done. */
  done = '';
  isLoading = true;
  isBusy = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get scope(): IScope {
    return this._scope;
  }

  set scope(scope: IScope) {
    if (scope !== this._scope) {
      this._scope = scope;
      this.problem = null;
      this.done = '';
      this.isLoading = true;
      void this.load();
    }
  }

  get groups(): IGrantGroups {
    return groupGrants(this.grants, this._scope);
  }

  /** Let go of what was said about the last thing done. */
  hush(): void {
    this.problem = null;
    this.done = '';
    this._changed.emit();
  }

  /** Fetch who has access. */
  async load(): Promise<void> {
    const { path } = this._scope;
    this._changed.emit();
    try {
      const [grants, links, teams] = await Promise.all([
        this.api.grants(path),
        this.api.links(path),
        this.me?.is_owner ? this.api.groups() : []
      ]);
      if (path === this._scope.path) {
        this.grants = grants;
        this.links = links;
        this.teams = teams;
        this.isLoading = false;
      }
    } catch (error) {
      if (path === this._scope.path) {
        this.grants = [];
        this.links = [];
        this.isLoading = false;
        this.problem = failureText(error);
      }
    }
    this._changed.emit();
  }

  /** Give somebody access to the scope; false when it was refused. */
  share(
    subject: SubjectChoice,
    level: ILevel,
    expiresAt: number | null,
    done: string
  ): Promise<boolean> {
    const { path, range } = this._scope;
    const { kind, name } = subject;
    return this.attempt(done, async () => {
      await this.api.grant({
        subject: { kind, name },
        path,
        ...(range && { range: this.knownRange(range) }),
        ...level,
        expires_at: expiresAt
      });
    });
  }

  change(grant: IGrant, change: IGrantChange, done: string): Promise<boolean> {
    return this.attempt(done, async () => {
      await this.api.change(grant.id, change);
    });
  }

  revoke(grant: IGrant, done: string): Promise<boolean> {
    return this.attempt(done, () => this.api.revoke(grant.id));
  }

  makeLink(
    link: Omit<INewLink, 'path' | 'range'>,
    done: string
  ): Promise<boolean> {
    const { path, range } = this._scope;
    return this.attempt(done, async () => {
      this.made = await this.api.makeLink({
        path,
        ...(range && { range: this.knownRange(range) }),
        ...link
      });
    });
  }

  revokeLink(link: ILink, done: string): Promise<boolean> {
    return this.attempt(done, async () => {
      await this.api.revokeLink(link.id);
      if (this.made?.link.id === link.id) {
        this.made = null;
      }
    });
  }

  makeGroup(name: string, done: string): Promise<boolean> {
    return this.attempt(done, () => this.api.makeGroup(name));
  }

  addMember(team: IGroup, member: string, done: string): Promise<boolean> {
    const names = team.people.map(one => one.name);
    return this.attempt(done, () =>
      this.api.setMembers(team.name, [...names, member])
    );
  }

  removeMember(team: IGroup, member: string, done: string): Promise<boolean> {
    const names = team.people.map(one => one.name);
    return this.attempt(done, () =>
      this.api.setMembers(
        team.name,
        names.filter(name => name !== member)
      )
    );
  }

  dissolveGroup(team: IGroup, done: string): Promise<boolean> {
    return this.attempt(done, () => this.api.dissolveGroup(team.name));
  }

  /** The same lines are one range, however many people have them. */
  private knownRange(choice: RangeChoice): RangeChoice {
    const known = this.grants.find(
      ({ range }) => range !== null && isSameRange(range, choice)
    );
    return known?.range ? { id: known.range.id } : choice;
  }

  private async attempt(
    done: string,
    act: () => Promise<void>
  ): Promise<boolean> {
    this.isBusy = true;
    this.problem = null;
    this.done = '';
    this._changed.emit();
    let isDone = false;
    try {
      await act();
      isDone = true;
      this.done = done;
    } catch (error) {
      this.problem = failureText(error);
    }
    this.isBusy = false;
    if (isDone) {
      await this.load();
    } else {
      this._changed.emit();
    }
    return isDone;
  }

  private _scope: IScope;
  private readonly _changed = new Signal<this, void>(this);
}
