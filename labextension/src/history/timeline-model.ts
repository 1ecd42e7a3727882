import { VDomModel } from '@jupyterlab/ui-components';

import { Deletion, DeletionLog } from './deletion-log';
import {
  fetchVersion,
  fetchVersions,
  IVersion,
  labelVersion
} from './messages';

/** What a version is compared with. */
export type ComparedWith = 'previous' | 'present';

/** Which list stands beside the comparison. */
export type TimelineTab = 'versions' | 'deletions';

const CONTENTS_KEPT = 8;

/** The versions of one file, which one is chosen, and what one deleted oneself. */
export class TimelineModel extends VDomModel {
  constructor(path: string) {
    super();
    this.currentPath = path;
  }

  get path(): string {
    return this.currentPath;
  }

  set path(path: string) {
    this.currentPath = path;
    this.stateChanged.emit();
  }

  versions: IVersion[] = [];
  isLoaded = false;
  failure = '';
  tab: TimelineTab = 'versions';
  comparedWith: ComparedWith = 'previous';
  layout: 'inline' | 'side-by-side' = 'inline';

  get selected(): IVersion | null {
    return this.versions.find(one => one.id === this.selectedId) ?? null;
  }

  get deletions(): Deletion[] {
    return this.log?.list() ?? [];
  }

  /** Follow the deletions of the open document, none when it isn't open. */
  setLog(log: DeletionLog | null): void {
    if (this.log === log) {
      return;
    }
    this.log?.changed.disconnect(this.emit);
    this.log = log;
    log?.changed.connect(this.emit);
    this.emit();
  }

  /** Put one deletion back; false when its place is gone. */
  putBack(deletion: Deletion): boolean {
    return this.log?.restore(deletion) ?? false;
  }

  set<Key extends 'tab' | 'comparedWith' | 'layout'>(
    key: Key,
    value: this[Key]
  ): void {
    this[key] = value;
    this.emit();
  }

  select(id: number): void {
    this.selectedId = id;
    this.emit();
  }

  /** Ask for the list anew; chooses the newest when nothing is chosen. */
  async refresh(): Promise<void> {
    try {
      const versions = await fetchVersions(this.path);
      const isSame = JSON.stringify(versions) === JSON.stringify(this.versions);
      if (isSame && this.isLoaded && !this.failure) {
        return;
      }
      this.versions = versions;
      this.failure = '';
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.isLoaded = true;
    if (this.selected === null) {
      this.selectedId = this.versions.at(0)?.id ?? null;
    }
    this.emit();
  }

  /** The text of a version; recent ones are kept. */
  async content(version: IVersion): Promise<string> {
    const key = `${version.id}:${version.sha256}`;
    const known = this.contents.get(key);
    if (known !== undefined) {
      return known;
    }
    const fetched = await fetchVersion(this.path, version.id);
    this.contents.set(key, fetched);
    const oldest = this.contents.keys().next();
    if (this.contents.size > CONTENTS_KEPT && !oldest.done) {
      this.contents.delete(oldest.value);
    }
    return fetched;
  }

  /** The version before one, null for the first. */
  previous(version: IVersion): IVersion | null {
    return this.versions[this.versions.indexOf(version) + 1] ?? null;
  }

  async label(version: IVersion, label: string): Promise<void> {
    await labelVersion(this.path, version.id, label);
    await this.refresh();
  }

  override dispose(): void {
    this.setLog(null);
    super.dispose();
  }

  private readonly emit = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };

  private currentPath: string;
  private selectedId: number | null = null;
  private log: DeletionLog | null = null;
  private readonly contents = new Map<string, string>();
}
