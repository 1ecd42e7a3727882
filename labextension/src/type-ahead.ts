/**
 * Keeps what somebody types into a panel while its input isn't there: until it has come, and when
 * it is replaced by another one, as jupyterlab-chat's is once it knows the theme.
 */
export class TypeAhead {
  constructor(private readonly _node: HTMLElement) {
    _node.tabIndex = -1;
    _node.addEventListener('keydown', event => this._onKey(event));
    _node.addEventListener('focusin', event => this._onFocus(event.target));
    _node.addEventListener('focusout', event => this._onBlur(event.target));
  }

  /** Have the panel hear the keys, not what was in use before: a notebook takes some for commands. */
  begin(): void {
    this._node.focus();
  }

  private _onKey(event: KeyboardEvent): void {
    if (event.target !== this._node) {
      return;
    }
    if (event.key === 'Backspace') {
      this._typed.pop();
    } else if (isText(event)) {
      this._typed.push(event.key);
    } else {
      return;
    }
    event.preventDefault();
  }

  private _onFocus(input: EventTarget | null): void {
    if (!isInput(input)) {
      return;
    }
    const isNew = !this._known.has(input);
    this._known.add(input);
    // jupyterlab-chat's input takes the focus a step before it listens.
    queueMicrotask(() => {
      if (isNew) {
        input.setSelectionRange(input.value.length, input.value.length);
      }
      if (this._typed.length) {
        insert(input, this._typed.splice(0).join(''));
      }
    });
  }

  private _onBlur(input: EventTarget | null): void {
    queueMicrotask(() => {
      const isGone = isInput(input) && !input.isConnected;
      if (isGone && document.activeElement === document.body) {
        this.begin();
      }
    });
  }

  private readonly _typed: string[] = [];
  private readonly _known = new WeakSet<Input>();
}

type Input = HTMLTextAreaElement | HTMLInputElement;

function isInput(target: EventTarget | null): target is Input {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && target.type === 'text')
  );
}

/** Put text where the cursor is, as typing does. */
function insert(input: Input, text: string): void {
  const { selectionStart, selectionEnd } = input;
  input.setRangeText(text, selectionStart ?? 0, selectionEnd ?? 0, 'end');
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

function isText(event: KeyboardEvent): boolean {
  const isShortcut = event.ctrlKey || event.metaKey || event.altKey;
  return Array.from(event.key).length === 1 && !isShortcut;
}
