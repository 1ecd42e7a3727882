import { ServerConnection } from '@jupyterlab/services';
import { VDomModel } from '@jupyterlab/ui-components';

import { request } from '../api/client';
import { IEventStream } from '../api/events';
import {
  countUnseen,
  IActivityEntry,
  IActivityPage,
  IProgress,
  mergeEntries,
  readEntries
} from './activity-list';

const PAGE = 50;

/** What happened in the project, and how much of it is new to me. */
export class ActivityModel extends VDomModel {
  constructor(
    stream: IEventStream,
    private readonly settings: ServerConnection.ISettings,
    private readonly me: () => string
  ) {
    super();
    stream.received.connect((_, event) => {
      const news = readEntries(event);
      if (news.length > 0) {
        this.take(news);
      }
    });
    stream.reset.connect(() => void this.load());
  }

  entries: IActivityEntry[] = [];
  hasMore = false;
  isLoading = false;
  failure: string | null = null;

  /** What counted as seen when the panel was opened: newer entries are marked. */
  newSince = 0;

  get unseen(): number {
    return this._unseen;
  }

  get username(): string {
    return this.me();
  }

  /** Fetch the newest entries and my mark. */
  async load(): Promise<void> {
    await this.fetch(null);
  }

  /** Fetch entries older than those here. */
  async loadMore(): Promise<void> {
    const oldest = this.entries.at(-1);
    if (oldest && this.hasMore && !this.isLoading) {
      await this.fetch(oldest.id);
    }
  }

  /** Keep marking as new what I haven't seen by now. */
  beginVisit(): void {
    this.newSince = this._seen;
    this.stateChanged.emit();
  }

  /** Everything here has been seen. */
  async markSeen(): Promise<void> {
    const newest = this.entries.at(0)?.id ?? 0;
    if (newest <= this._seen) {
      return;
    }
    try {
      const progress = await request<IProgress>(
        'activity/seen',
        { method: 'PUT', body: JSON.stringify({ seen: newest }) },
        this.settings
      );
      this.takeProgress(progress);
    } catch (error) {
      console.warn('What was seen could not be remembered', error);
    }
  }

  private take(news: readonly IActivityEntry[]): void {
    this.entries = mergeEntries(this.entries, news);
    this._unseen = countUnseen(this.entries, this._seen, this.me());
    this.stateChanged.emit();
  }

  private async fetch(before: number | null): Promise<void> {
    this.isLoading = true;
    this.stateChanged.emit();
    const query = `limit=${PAGE}${before === null ? '' : `&before=${before}`}`;
    try {
      const page = await request<IActivityPage>(
        `activity?${query}`,
        {},
        this.settings
      );
      this.failure = null;
      this.entries = mergeEntries(this.entries, page.entries);
      this.hasMore = page.has_more;
      if (!this.isKnown) {
        this.isKnown = true;
        this.newSince = page.seen;
      }
      this.takeProgress(page);
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.isLoading = false;
      this.stateChanged.emit();
    }
  }

  private takeProgress(progress: IProgress): void {
    this._seen = progress.seen;
    this._unseen = progress.unseen;
    this.stateChanged.emit();
  }

  private isKnown = false;
  private _seen = 0;
  private _unseen = 0;
}
