import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { Deletion } from './deletion-log';
import { IVersion } from './messages';
import { formatMoment } from './moments';
import { DeletionList, VersionList } from './timeline-list';
import { ComparedWith, TimelineModel, TimelineTab } from './timeline-model';

/** What the panels ask of the view around them. */
export interface ITimelineActions {
  restore: (version: IVersion) => void;
  rename: (version: IVersion) => void;
  putBack: (deletion: Deletion) => void;
  colorOf: (username: string) => string;
}

/** The lists at the left: versions, or what one deleted. */
export class TimelineSide extends ReactWidget {
  constructor(
    private readonly model: TimelineModel,
    private readonly actions: ITimelineActions,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('csx-history-side');
  }

  protected override render(): React.JSX.Element {
    const { model, trans, actions } = this;
    return (
      <UseSignal signal={model.stateChanged}>
        {() => (
          <>
            <div className="csx-history-tabs" role="tablist">
              <Tab model={model} tab="versions" label={trans.__('Versions')} />
              <Tab
                model={model}
                tab="deletions"
                label={trans.__('What I deleted')}
              />
            </div>
            {model.failure && (
              <p className="csx-history-empty" role="alert">
                {trans.__('The history can’t be read: %1', model.failure)}
              </p>
            )}
            <div className="csx-history-scroll" role="tabpanel">
              {model.tab === 'versions' ? (
                <VersionList
                  model={model}
                  trans={trans}
                  colorOf={actions.colorOf}
                />
              ) : (
                <DeletionList
                  model={model}
                  trans={trans}
                  putBack={actions.putBack}
                />
              )}
            </div>
          </>
        )}
      </UseSignal>
    );
  }
}

function Tab(props: {
  model: TimelineModel;
  tab: TimelineTab;
  label: string;
}): React.JSX.Element {
  const { model, tab, label } = props;
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const other = event.currentTarget.parentElement?.querySelector(
        '[role="tab"][aria-selected="false"]'
      );
      (other as HTMLElement | null)?.focus();
      (other as HTMLElement | null)?.click();
    }
  };
  return (
    <button
      role="tab"
      className="csx-history-tab"
      aria-selected={model.tab === tab}
      tabIndex={model.tab === tab ? 0 : -1}
      onClick={() => model.set('tab', tab)}
      onKeyDown={onKeyDown}
    >
      {label}
    </button>
  );
}

/** The bar over the comparison: what is compared, and what can be done. */
export class TimelineBar extends ReactWidget {
  constructor(
    private readonly model: TimelineModel,
    private readonly actions: ITimelineActions,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('csx-history-bar');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this.model.stateChanged}>
        {() => this.renderBar()}
      </UseSignal>
    );
  }

  private renderBar(): React.JSX.Element {
    const { model, trans, actions } = this;
    const version = model.selected;
    if (version === null) {
      return <></>;
    }
    return (
      <>
        <span className="csx-history-title" role="heading" aria-level={2}>
          {version.label || formatMoment(version.time, trans)}
        </span>
        <select
          aria-label={trans.__('Compare')}
          value={model.comparedWith}
          onChange={event =>
            model.set('comparedWith', event.target.value as ComparedWith)
          }
        >
          <option value="previous">{trans.__('Changes in it')}</option>
          <option value="present">{trans.__('Changes since')}</option>
        </select>
        <select
          aria-label={trans.__('Layout')}
          value={model.layout}
          onChange={event =>
            model.set('layout', event.target.value as TimelineModel['layout'])
          }
        >
          <option value="inline">{trans.__('One column')}</option>
          <option value="side-by-side">{trans.__('Side by side')}</option>
        </select>
        <span className="csx-history-space" />
        <button
          className="jp-mod-styled jp-mod-minimal"
          onClick={() => actions.rename(version)}
        >
          {trans.__('Name…')}
        </button>
        <button
          className="jp-mod-styled jp-mod-accept csx-restore-version"
          onClick={() => actions.restore(version)}
        >
          {trans.__('Restore this version')}
        </button>
      </>
    );
  }
}
