/** Which links are open in some tab, told by Web Locks where the browser has them. */
const name = (link: string): string => `codesyncx-link-${link}`;

export class PageLocks {
  constructor(private readonly locks: LockManager | undefined) {}

  /** Hold the name of a link until the returned function is called or the tab goes. */
  hold(link: string): () => void {
    this.here.add(link);
    let release: () => void = () => undefined;
    const released = new Promise<void>(resolve => {
      release = resolve;
    });
    this.locks
      ?.request(name(link), () => released)
      .catch((error: unknown) => {
        console.warn('A lock could not be held', error);
      });
    return () => {
      this.here.delete(link);
      release();
    };
  }

  async isHeld(link: string): Promise<boolean> {
    if (this.here.has(link) || !this.locks) {
      return this.here.has(link);
    }
    const { held } = await this.locks.query();
    return held?.some(lock => lock.name === name(link)) ?? false;
  }

  private readonly here = new Set<string>();
}
