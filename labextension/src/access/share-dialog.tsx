import { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { PathExt } from '@jupyterlab/coreutils';
import { PanelLayout, Widget } from '@lumino/widgets';
import * as React from 'react';

import { TypeAhead } from '../type-ahead';
import { AccessModel } from './access-model';
import { GroupsTab } from './share-groups';
import { LinksTab } from './share-links';
import { LogTab } from './share-log';
import { IScope, IShareTarget, ShareModel } from './share-model';
import { ITabProps, PeopleTab } from './share-people';
import { PreviewTab } from './share-preview';
import { linesText } from './wording';

type Tab = 'people' | 'links' | 'groups' | 'preview' | 'log';

/** Open the share dialog for something; it closes by itself when the person is done. */
export function openShareDialog(
  access: AccessModel,
  target: IShareTarget,
  trans: TranslationBundle
): void {
  const model = new ShareModel(access.api, access.me, target);
  const dialog = new ShareDialog(model, trans);
  const reload = (): void => {
    if (!model.isBusy) {
      void model.load();
    }
  };
  access.changed.connect(reload);
  dialog.disposed.connect(() => access.changed.disconnect(reload));
  dialog.open();
  void model.load();
}

/** A modal dialog of the browser's own: it keeps the focus inside and gives it back after. */
class ShareDialog extends Widget {
  constructor(model: ShareModel, trans: TranslationBundle) {
    super({ node: document.createElement('dialog') });
    this.addClass('csx-Share');
    this.node.setAttribute('aria-labelledby', 'csx-share-title');
    const layout = new PanelLayout();
    const body = ReactWidget.create(
      <UseSignal signal={model.changed}>
        {() => (
          <ShareBody
            model={model}
            trans={trans}
            close={() => this.dialog.close()}
          />
        )}
      </UseSignal>
    );
    body.addClass('csx-Share-body');
    layout.addWidget(body);
    this.layout = layout;
    this.typeAhead = new TypeAhead(this.node);
    this.dialog.addEventListener('close', () => this.dispose());
    // A click beside it closes it, as people expect; one that began inside doesn't.
    this.dialog.addEventListener('pointerdown', event => {
      if (event.target === this.dialog) {
        this.dialog.close();
      }
    });
  }

  open(): void {
    Widget.attach(this, document.body);
    this.dialog.showModal();
    // Whoever types a name at once means the field that comes in a moment.
    this.typeAhead.begin();
  }

  private readonly typeAhead: TypeAhead;

  private get dialog(): HTMLDialogElement {
    return this.node as HTMLDialogElement;
  }
}

function ShareBody(
  props: ITabProps & { close: () => void }
): React.JSX.Element {
  const { model, trans, close } = props;
  const [tab, setTab] = React.useState<Tab>('people');
  const body = React.useRef<HTMLDivElement>(null);
  React.useEffect(
    () =>
      body.current?.querySelector<HTMLElement>('[role="combobox"]')?.focus(),
    []
  );
  const tabs: [Tab, string][] = [
    ['people', trans.__('People')],
    ['links', trans.__('Invite link')],
    ['preview', trans.__('What they see')]
  ];
  if (model.me?.is_owner) {
    tabs.splice(2, 0, ['groups', trans.__('Groups')]);
    tabs.push(['log', trans.__('Log')]);
  }
  return (
    <>
      <header className="csx-Share-header">
        <h2 id="csx-share-title" className="csx-Share-title">
          {trans.__('Share %1', scopeName(model.scope, trans))}
        </h2>
        <button
          type="button"
          className="csx-Share-close"
          aria-label={trans.__('Close')}
          title={trans.__('Close')}
          onClick={close}
        >
          <closeIcon.react tag="span" />
        </button>
      </header>
      <div className="csx-Share-bar">
        <Scopes {...props} />
        <Tabs
          tabs={tabs}
          current={tab}
          label={trans.__('Sharing')}
          choose={next => {
            model.hush();
            setTab(next);
          }}
        />
      </div>
      <div
        ref={body}
        id="csx-share-panel"
        className="csx-Share-panel"
        role="tabpanel"
        aria-labelledby={`csx-share-${tab}`}
      >
        {model.problem !== null && (
          <p className="csx-Share-problem" role="alert">
            {model.problem}
          </p>
        )}
        <p className="csx-Share-done" role="status">
          {model.done}
        </p>
        {tab === 'people' && <PeopleTab {...props} />}
        {tab === 'links' && <LinksTab {...props} />}
        {tab === 'groups' && <GroupsTab {...props} />}
        {tab === 'preview' && <PreviewTab {...props} />}
        {tab === 'log' && <LogTab {...props} />}
      </div>
    </>
  );
}

/** What exactly is shared: from the whole project down to the selected lines. */
function Scopes({ model, trans }: ITabProps): React.JSX.Element {
  const id = React.useId();
  return (
    <span className="csx-Share-scope">
      <label htmlFor={id}>{trans.__('What')}</label>
      <select
        id={id}
        className="csx-Share-select"
        value={model.scopes.indexOf(model.scope)}
        onChange={event => {
          model.scope = model.scopes[Number(event.target.value)];
        }}
      >
        {model.scopes.map((scope, index) => (
          <option key={index} value={index}>
            {scopeName(scope, trans)}
          </option>
        ))}
      </select>
    </span>
  );
}

function Tabs(props: {
  tabs: [Tab, string][];
  current: Tab;
  label: string;
  choose: (tab: Tab) => void;
}): React.JSX.Element {
  const { tabs, current, label, choose } = props;
  const move = (event: React.KeyboardEvent<HTMLElement>): void => {
    const here = tabs.findIndex(([tab]) => tab === current);
    const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl';
    const forward = isRtl ? 'ArrowLeft' : 'ArrowRight';
    const back = isRtl ? 'ArrowRight' : 'ArrowLeft';
    const targets: Record<string, number> = {
      [forward]: (here + 1) % tabs.length,
      [back]: (here - 1 + tabs.length) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    };
    if (event.key in targets) {
      event.preventDefault();
      const [next] = tabs[targets[event.key]];
      choose(next);
      document.getElementById(`csx-share-${next}`)?.focus();
    }
  };
  return (
    <div
      role="tablist"
      aria-label={label}
      className="csx-Share-tabs"
      onKeyDown={move}
    >
      {tabs.map(([tab, name]) => (
        <button
          key={tab}
          id={`csx-share-${tab}`}
          type="button"
          role="tab"
          className="csx-Share-tab"
          aria-selected={tab === current}
          aria-controls="csx-share-panel"
          tabIndex={tab === current ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

/** "the project", "src", "lines 10–22 of solver.py". */
export function scopeName(scope: IScope, trans: TranslationBundle): string {
  const name = PathExt.basename(scope.path);
  switch (scope.kind) {
    case 'project':
      return trans.__('the project');
    case 'folder':
      return trans.__('the folder %1', name);
    case 'file':
      return name;
    case 'range': {
      const range = scope.range;
      if (range && 'kind' in range && range.kind === 'lines') {
        const lines = linesText(range.start_line, range.end_line, trans);
        return trans.__('%1 of %2', lines, name);
      }
      const count = range && 'kind' in range ? range.cell_ids.length : 1;
      return trans._n('%1 cell of %2', '%1 cells of %2', count, name);
    }
  }
}
