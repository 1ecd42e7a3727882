import { ReactWidget } from '@jupyterlab/ui-components';
import { Message, MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/** One thing a person can do about it. */
export interface IBannerAction {
  readonly label: string;
  readonly isMain: boolean;
  readonly run: () => void;
}

export interface IBannerContent {
  readonly headline: string;
  readonly detail: string;
  readonly actions: readonly IBannerAction[];
}

/** Says above a document that its file is gone, and what can be done. */
export class DeletionBanner extends ReactWidget {
  constructor(private content: IBannerContent) {
    super();
    this.addClass('csx-Lost');
    this.node.setAttribute('role', 'alert');
  }

  present(content: IBannerContent): void {
    this.content = content;
    this.update();
  }

  override dispose(): void {
    this.observer.disconnect();
    super.dispose();
  }

  protected override onBeforeDetach(message: Message): void {
    this.observer.disconnect();
    super.onBeforeDetach(message);
  }

  protected override render(): React.JSX.Element {
    const { headline, detail, actions } = this.content;
    return (
      <div className="csx-Lost-row" ref={this.watch}>
        <span className="csx-Lost-text">
          <strong>{headline}</strong> {detail}
        </span>
        <span className="csx-Lost-actions">
          {actions.map(action => (
            <button
              key={action.label}
              type="button"
              className={
                'jp-mod-styled jp-mod-small ' +
                (action.isMain ? 'jp-mod-accept' : 'jp-mod-reject')
              }
              onClick={action.run}
            >
              {action.label}
            </button>
          ))}
        </span>
      </div>
    );
  }

  /** Lumino lays out by fixed heights, so the banner says how high its text has become. */
  private readonly observer = new ResizeObserver(entries => {
    const height = Math.ceil(entries[0].borderBoxSize[0].blockSize);
    this.node.style.minHeight = `${height}px`;
    this.node.style.maxHeight = `${height}px`;
    if (this.parent) {
      MessageLoop.postMessage(this.parent, Widget.Msg.FitRequest);
    }
  });

  private readonly watch = (row: HTMLDivElement | null): void => {
    this.observer.disconnect();
    if (row) {
      this.observer.observe(row);
    }
  };
}
