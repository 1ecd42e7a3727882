import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { DocumentAccess } from './document-access';
import { lockIcon, pencilIcon } from './icons';
import { rangeText } from './wording';

/** Above a document: that it can only be read, or which part of a file it is. */
export class AccessBar extends ReactWidget {
  constructor(
    private readonly access: DocumentAccess,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('csx-AccessBar');
    this.observer = new ResizeObserver(() => this.demandRoom());
    access.changed.connect(this.onChanged);
    this.onChanged();
  }

  override dispose(): void {
    this.observer.disconnect();
    this.access.changed.disconnect(this.onChanged);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    const text = this.text ?? '';
    const Icon = this.access.reach === 'nothing' ? lockIcon : pencilIcon;
    return (
      <div
        className="csx-AccessBar-row"
        role="status"
        ref={node => this.watch(node)}
      >
        <Icon.react tag="span" className="csx-zone-icon" />
        <span>{text}</span>
      </div>
    );
  }

  private get text(): string | null {
    const { access, trans } = this;
    if (access.access === undefined) {
      return null;
    }
    const slice = access.slice;
    if (slice !== null) {
      const name = PathExt.basename(slice.path);
      const what = rangeText(slice, trans);
      return access.reach === 'nothing'
        ? trans.__('You see %1 of %2, to read.', what, name)
        : trans.__('You see %1 of %2. They are yours to change.', what, name);
    }
    if (access.reach === 'nothing') {
      const why = access.access?.why ?? '';
      const words = trans.__('You can read this, not change it.');
      return why ? `${words} ${why}` : words;
    }
    return null;
  }

  private watch(row: HTMLElement | null): void {
    this.observer.disconnect();
    this.row = row;
    if (row) {
      this.observer.observe(row);
    }
  }

  private demandRoom(): void {
    this.node.style.minHeight = `${this.row?.offsetHeight ?? 0}px`;
    this.parent?.fit();
  }

  private readonly onChanged = (): void => {
    this.setHidden(this.text === null);
    this.update();
  };

  private row: HTMLElement | null = null;
  private readonly observer: ResizeObserver;
}
