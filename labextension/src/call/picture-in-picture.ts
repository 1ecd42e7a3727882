import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

/** What a browser offers that can put a document into a window above all others. */
interface IDocumentPictureInPicture {
  requestWindow(size: { width: number; height: number }): Promise<Window>;
}

const SIZE = { width: 340, height: 300 };

/** The call in a small window that stays above other programs. */
export class PictureInPicture {
  /**
   * `view` makes what the window shows; `picture` is what a browser shows that has windows for
   * videos alone.
   */
  constructor(
    private readonly _view: () => Widget,
    private readonly _picture: () => MediaStreamTrack | null
  ) {}

  get isOpen(): boolean {
    return this._close !== null;
  }

  /** Whether this browser has such windows. */
  get isOffered(): boolean {
    return offer() !== null || document.pictureInPictureEnabled;
  }

  /** Open the window; the person's own click or key has to ask for it. */
  async open(): Promise<void> {
    const documents = offer();
    if (this.isOpen) {
      return;
    }
    if (documents) {
      this._show(await documents.requestWindow(SIZE));
    } else {
      await this._showVideo();
    }
  }

  close(): void {
    this._close?.();
  }

  private _show(window: Window): void {
    dress(window.document);
    const view = this._view();
    Widget.attach(view, window.document.body);
    const onHide = (): void => {
      this._close = null;
      if (view.isAttached) {
        MessageLoop.sendMessage(view, Widget.Msg.BeforeDetach);
        view.node.remove();
        MessageLoop.sendMessage(view, Widget.Msg.AfterDetach);
      }
      view.dispose();
    };
    window.addEventListener('pagehide', onHide, { once: true });
    this._close = () => window.close();
  }

  private async _showVideo(): Promise<void> {
    const picture = this._picture();
    if (!picture) {
      return;
    }
    const video = document.createElement('video');
    video.muted = video.autoplay = true;
    video.srcObject = new MediaStream([picture]);
    video.className = 'csx-Call-hidden';
    document.body.append(video);
    const end = (): void => {
      this._close = null;
      video.srcObject = null;
      video.remove();
    };
    try {
      await video.play();
      await video.requestPictureInPicture();
    } catch (error) {
      end();
      throw error;
    }
    video.addEventListener('leavepictureinpicture', end, { once: true });
    this._close = () => void document.exitPictureInPicture();
  }

  private _close: (() => void) | null = null;
}

function offer(): IDocumentPictureInPicture | null {
  const { documentPictureInPicture } = window as {
    documentPictureInPicture?: IDocumentPictureInPicture;
  };
  return documentPictureInPicture ?? null;
}

/** Give a document the looks of this one. */
function dress(target: Document): void {
  const { documentElement, body, styleSheets } = document;
  target.documentElement.lang = documentElement.lang;
  target.documentElement.dir = documentElement.dir;
  target.documentElement.style.cssText = documentElement.style.cssText;
  target.title = document.title;
  Object.assign(target.body.dataset, body.dataset);
  for (const sheet of styleSheets) {
    const copy = copyOf(sheet, target);
    if (copy) {
      target.head.append(copy);
    }
  }
}

function copyOf(sheet: CSSStyleSheet, target: Document): HTMLElement | null {
  if (sheet.href) {
    const link = target.createElement('link');
    link.rel = 'stylesheet';
    link.href = sheet.href;
    return link;
  }
  const style = target.createElement('style');
  style.textContent = [...sheet.cssRules].map(rule => rule.cssText).join('\n');
  return style;
}
