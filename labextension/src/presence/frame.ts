import { TranslationBundle } from '@jupyterlab/translation';

import { colorOf } from './colors';
import { FollowState } from './follow';
import { IPresence } from './tokens';

/** The coloured frame around the documents while my view follows somebody's. */
export class FollowFrame {
  constructor(
    private readonly _host: HTMLElement,
    private readonly _presence: IPresence,
    private readonly _trans: TranslationBundle
  ) {
    this._node.className = 'csx-FollowFrame';
    this._label.className = 'csx-FollowFrame-label';
    this._text.className = 'csx-FollowFrame-text';
    this._text.setAttribute('role', 'status');
    this._stop.className = 'csx-FollowFrame-stop';
    this._stop.type = 'button';
    this._stop.textContent = _trans.__('Stop');
    this._stop.onclick = () => _presence.unfollow();
    this._label.append(this._text, this._stop);
    this._node.append(this._label);
    _presence.followingChanged.connect((_, state) => this._show(state));
  }

  private _show(state: FollowState): void {
    if (state.phase === 'off') {
      this._node.remove();
      return;
    }
    const leader = this._presence.people.find(
      ({ user }) => user.username === state.username
    );
    if (leader) {
      this._node.style.setProperty('--csx-person-color', colorOf(leader.user));
    }
    const text =
      state.goneAt === null
        ? this._trans.__('Following %1 · Esc to stop', state.name)
        : this._trans.__('Waiting for %1 · Esc to stop', state.name);
    if (this._text.textContent !== text) {
      this._text.textContent = text;
    }
    if (!this._node.isConnected) {
      this._host.append(this._node);
    }
  }

  private readonly _node = document.createElement('div');
  private readonly _label = document.createElement('div');
  private readonly _text = document.createElement('span');
  private readonly _stop = document.createElement('button');
}
