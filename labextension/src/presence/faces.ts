/** The faces of those who have a document open, on its tab and on its row in the file browser. */

import { LabShell } from '@jupyterlab/application';
import {
  DirListing,
  FileBrowser,
  IFileBrowserFactory
} from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  IMessageHandler,
  IMessageHook,
  Message,
  MessageLoop
} from '@lumino/messaging';

import { avatarNode, themeName } from './avatar';
import { documentIn } from './documents';
import { IVisitor } from './people';
import { IPresence } from './tokens';

const FACES_CLASS = 'csx-Faces';
const MAX_FACES = 3;

/** Put the faces of `visitors` at the end of `host`, or take them away. */
function showFaces(
  host: Element,
  visitors: readonly IVisitor[],
  trans: TranslationBundle
): void {
  const old = host.querySelector(`:scope > .${FACES_CLASS}`);
  const who = visitors.map(({ person, here }) => {
    const { username, display_name, color, avatar_url } = person.user;
    return [username, display_name, color, avatar_url, here];
  });
  const key = who.length === 0 ? '' : JSON.stringify([themeName(), ...who]);
  if (key === (old?.getAttribute('data-csx-who') ?? '')) {
    return;
  }
  old?.remove();
  if (visitors.length > 0) {
    const faces = facesNode(visitors, trans);
    faces.setAttribute('data-csx-who', key);
    host.append(faces);
  }
}

function facesNode(
  visitors: readonly IVisitor[],
  trans: TranslationBundle
): HTMLElement {
  const node = document.createElement('span');
  node.className = FACES_CLASS;
  const names = visitors.map(({ person }) => person.user.display_name);
  node.title = trans.__('Open by %1', names.join(', '));
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', node.title);
  const shown =
    visitors.length > MAX_FACES ? visitors.slice(0, MAX_FACES - 1) : visitors;
  for (const { person, here } of shown) {
    node.append(avatarNode(person.user, !here));
  }
  if (visitors.length > shown.length) {
    const more = document.createElement('span');
    more.className = 'csx-Faces-more';
    more.textContent = `+${visitors.length - shown.length}`;
    node.append(more);
  }
  return node;
}

/** Draw later, once, however many ask. */
function gathered(draw: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (!isWaiting) {
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        draw();
      });
    }
  };
}

/** Show who else is in each open document on its tab. */
export function showFacesOnTabs(
  shell: LabShell,
  presence: IPresence,
  trans: TranslationBundle
): void {
  const draw = gathered(() => {
    const tabs = new Map(
      [
        ...shell.node.querySelectorAll<HTMLElement>(
          '#jp-main-dock-panel .lm-TabBar-tab'
        )
      ].map(tab => [tab.dataset.id, tab])
    );
    for (const widget of shell.widgets('main')) {
      const tab = tabs.get(widget.id);
      const path = documentIn(widget)?.context.path;
      if (tab) {
        const visitors = path === undefined ? [] : presence.visitors(path);
        showFaces(
          tab,
          visitors.filter(({ here }) => here),
          trans
        );
      }
    }
  });
  presence.changed.connect(draw);
  shell.layoutModified.connect(draw);
  shell.currentChanged.connect(draw);
}

/** Show who has each file open, and who is in each folder, in the file browsers. */
export function showFacesInBrowsers(
  factory: IFileBrowserFactory,
  presence: IPresence,
  trans: TranslationBundle
): void {
  const decorate = (browser: FileBrowser): void => {
    const listing = listingOf(browser);
    if (!listing) {
      return;
    }
    const draw = gathered(() => drawRows(listing, presence, trans));
    MessageLoop.installMessageHook(listing, new AfterUpdate(draw));
    presence.changed.connect(draw);
    browser.disposed.connect(() => presence.changed.disconnect(draw));
    draw();
  };
  factory.tracker.forEach(decorate);
  factory.tracker.widgetAdded.connect((_, browser) => decorate(browser));
}

/** Calls back when a widget has drawn itself anew. */
class AfterUpdate implements IMessageHook {
  constructor(private readonly _then: () => void) {}

  messageHook(_: IMessageHandler, message: Message): boolean {
    if (message.type === 'update-request') {
      this._then();
    }
    return true;
  }
}

function listingOf(browser: FileBrowser): DirListing | null {
  for (const widget of descendants(browser)) {
    if (widget instanceof DirListing) {
      return widget;
    }
  }
  return null;
}

function* descendants(widget: FileBrowser): Iterable<unknown> {
  const waiting = [...widget.children()];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    yield next;
    waiting.push(...next.children());
  }
}

function drawRows(
  listing: DirListing,
  presence: IPresence,
  trans: TranslationBundle
): void {
  const rows = listing.node.querySelectorAll('.jp-DirListing-item');
  const items = [...listing.sortedItems()];
  rows.forEach((row, index) => {
    const name = row.querySelector('.jp-DirListing-itemName') ?? row;
    const visitors =
      index < items.length ? presence.visitors(items[index].path) : [];
    showFaces(name, visitors, trans);
  });
}
